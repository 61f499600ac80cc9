"""The same endpoints for a process that serves nothing else: the worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from backend.core import problems
from backend.core.services import Services
from backend.features.health.routes import router


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to its probes."""
        yield


@asynccontextmanager
async def probes(services: Services) -> AsyncIterator[None]:
    """Serve /health, /ready and /metrics on WORKER_METRICS_PORT, unless that is 0."""
    if not services.settings.worker_metrics_port:
        yield
        return
    server = _Server(_config(services))
    task = asyncio.create_task(server.serve())
    yield
    server.should_exit = True
    await task


def _config(services: Services) -> uvicorn.Config:
    app = FastAPI(openapi_url=None)
    app.state.services = services
    app.include_router(router)
    problems.install(app)
    return uvicorn.Config(
        app,
        host=services.settings.host,
        port=services.settings.worker_metrics_port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
