"""How the worker shows that it is alive: the API's endpoints, gauges, and a log line a minute."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from backend.core.database.rows import Db
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
"""Counts between two log lines, which CloudWatch's alarms read where nothing scrapes metrics."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process: its probes must not handle them."""
        yield


@asynccontextmanager
async def probes(services: Services, lane_of: Mapping[str, Lane]) -> AsyncIterator[None]:
    """Watch the backlog; serve /health, /ready, and /metrics on WORKER_METRICS_PORT unless it is 0.

    Args:
        services: the worker's.
        lane_of: the lane of each job, by its name.
    """
    async with AsyncExitStack() as stack:
        if services.settings.worker_metrics_port:
            await stack.enter_async_context(_serving(services))
        observing = asyncio.create_task(_observe(services.database.autocommit, lane_of))
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


async def _observe(db: Db, lane_of: Mapping[str, Lane]) -> None:
    """Keep the backlog's gauges up to date, and log its totals."""
    for number in itertools.count():
        try:
            found = await backlog(db)
        except Exception as error:  # noqa: BLE001 - a gauge must never stop the worker
            log.warning("the backlog could not be counted", error=type(error).__name__)
        else:
            counts = ((one.name, one.state, one.count, one.oldest_seconds) for one in found)
            metrics.show_backlog(counts, lane_of)
            if number % LOGGED_EVERY == 0:
                log.info("backlog", **_totals(found, lane_of))
        await asyncio.sleep(OBSERVED_EVERY)


def _totals(found: Collection[Backlog], lane_of: Mapping[str, Lane]) -> dict[str, float]:
    """What the log tells about the whole queue.

    `oldest_seconds`, which an alarm reads, leaves out the lanes in which waiting is normal. It
    includes jobs that belong to no lane: nothing would ever run them.
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
