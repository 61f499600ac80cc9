"""How the worker shows that it lives: the API's endpoints, gauges, and a log line a minute."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from backend.core.http import problems
from backend.core.jobs.backlog import Backlog, backlog
from backend.core.jobs.queue import Lane
from backend.core.observability import metrics
from backend.core.services import Services
from backend.features.health.routes import router

log = structlog.stdlib.get_logger(__name__)

OBSERVED_EVERY = 10.0
"""Seconds between two counts of the backlog."""
LOGGED_EVERY = 6
"""Counts between two lines in the log: CloudWatch's alarms read them where nobody scrapes."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to its probes."""
        yield


@asynccontextmanager
async def probes(services: Services, lane_of: Mapping[str, Lane]) -> AsyncIterator[None]:
    """Watch the backlog; serve /health, /ready and /metrics on WORKER_METRICS_PORT, unless 0.

    Args:
        services: of the worker.
        lane_of: the lane of each job, by its name.
    """
    async with AsyncExitStack() as stack:
        if services.settings.worker_metrics_port:
            await stack.enter_async_context(_serving(services))
        observing = asyncio.create_task(_observe(services, lane_of))
        stack.callback(observing.cancel)
        yield


@asynccontextmanager
async def _serving(services: Services) -> AsyncIterator[None]:
    server = _Server(_config(services))
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _observe(services: Services, lane_of: Mapping[str, Lane]) -> None:
    """Keep the gauges of the backlog fresh, and the log told."""
    for number in itertools.count():
        try:
            found = await backlog(services.database.autocommit)
        except Exception as error:  # noqa: BLE001 - a gauge must never end the work
            log.warning("the backlog cannot be counted", error=type(error).__name__)
        else:
            counts = ((one.name, one.state, one.count, one.oldest_seconds) for one in found)
            metrics.show_backlog(counts, lane_of)
            if number % LOGGED_EVERY == 0:
                log.info("backlog", **_totals(found, lane_of))
        await asyncio.sleep(OBSERVED_EVERY)


def _totals(found: Collection[Backlog], lane_of: Mapping[str, Lane]) -> dict[str, float]:
    """What is to be told of the whole queue.

    `oldest_seconds`, which an alarm reads, leaves out the lanes in which waiting is no fault. A
    job that no lane knows would wait for ever, and counts.
    """
    queued = [one for one in found if one.state == "queued"]
    pressing = [one for one in queued if lane_of.get(one.name, Lane.SHORT) is Lane.SHORT]
    return {
        "queued": sum(one.count for one in queued),
        "oldest_seconds": _oldest(pressing),
        "oldest_of_all_seconds": _oldest(queued),
        "failed": sum(one.count for one in found if one.state == "failed"),
    }


def _oldest(queued: Collection[Backlog]) -> int:
    return round(max((one.oldest_seconds for one in queued), default=0))


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
