"""The same endpoints for a process that serves nothing else: the worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from backend.core import metrics, problems
from backend.core.backlog import backlog
from backend.core.services import Services
from backend.features.health.routes import router

log = structlog.stdlib.get_logger(__name__)

OBSERVED_EVERY = 10.0
"""Seconds between two counts of the backlog."""


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
    serving = asyncio.create_task(server.serve())
    observing = asyncio.create_task(_observe(services))
    yield
    observing.cancel()
    server.should_exit = True
    await serving


async def _observe(services: Services) -> None:
    """Keep the gauges of the backlog fresh."""
    while True:
        try:
            metrics.show_backlog(await backlog(services.database.autocommit))
        except Exception as error:  # noqa: BLE001 - a gauge must never end the work
            log.warning("the backlog cannot be counted", error=type(error).__name__)
        await asyncio.sleep(OBSERVED_EVERY)


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
