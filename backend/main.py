"""The API: `create_app(settings)` assembles the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from backend.api import router
from backend.core.http import problems
from backend.core.http.edge import EdgeMiddleware
from backend.core.observability.logs import configure_logs
from backend.core.observability.telemetry import start_telemetry
from backend.core.services import open_services
from backend.core.settings import Settings
from backend.openapi import DescribedApi

DESCRIPTION = """
Upload, store and share files. The API signs requests and keeps records; bytes travel directly
between the client and S3. Errors are problem documents (RFC 9457): branch on `code`.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application.

    Args:
        settings: by default, read from the environment.
    """
    settings = settings or Settings()
    configure_logs(settings)
    telemetry = start_telemetry(settings, "we-upload-api")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            yield
        telemetry.close()

    app = DescribedApi(
        title="We-Upload",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # features/pages serves it without a CDN
        redoc_url=None,
        openapi_url="/openapi.json",
        # FastAPI's own would check on every request for listeners; ours is `Telemetry`.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        separate_input_output_schemas=False,
        # The redirect would go to whichever host the request names.
        redirect_slashes=False,
    )
    app.router.routes.extend(router.routes)
    problems.install(app)
    _install_middleware(app, settings)
    telemetry.watch(app)
    return app


def _install_middleware(app: FastAPI, settings: Settings) -> None:
    """Outermost last: proxy headers identify the caller; CORS lets pages read errors, too."""
    app.add_middleware(EdgeMiddleware, settings=settings)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", "Location"],
            max_age=600,
        )
    if settings.trusted_proxies:
        trusted = [str(network) for network in settings.trusted_proxies]
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
