"""Running a lane: its own connection, its own slots, its own shutdown.

Lanes share nothing, so that one that is full, hangs or has lost its connection does not hold up
the others: pgqueuer counts the slots of a queue by its id, and requests only its own jobs.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.domain.errors import FailingListenerError

from backend.core.database import pools
from backend.core.database.engine import Database
from backend.core.errors import DependencyUnavailable
from backend.core.jobs.queue import JobTable, Lane, bind
from backend.core.services import Services
from backend.core.settings import Settings

log = structlog.stdlib.get_logger(__name__)

# The ways in which there is no connection, or no longer one.
LOST = (
    *pools.LOST,
    asyncpg.PostgresError,
    FailingListenerError,
    DependencyUnavailable,
)
POLLED_EVERY = timedelta(seconds=10)
"""How long a job that was requeued without a notification may wait."""


async def run_lane(
    lane: Lane, tables: Collection[JobTable], services: Services, stop: asyncio.Event
) -> None:
    """Run the jobs of one lane until `stop` is set, then finish those that are running."""
    while not stop.is_set():
        try:
            await _work(lane, tables, services, stop)
        except LOST as error:
            log.warning(
                "no connection to the queue: reconnecting", lane=lane, error=type(error).__name__
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), random.uniform(0.5, 2))  # noqa: S311


async def _work(
    lane: Lane, tables: Collection[JobTable], services: Services, stop: asyncio.Event
) -> None:
    """Run jobs over one connection until it is lost or `stop` is set."""
    async with open_queue(services, tables, {lane}) as queue:
        # In a lane without periodic jobs, the scheduler would still query them every second.
        run_queue = queue.run if queue.sm.registry else queue.qm.run
        places = _places(services.settings, lane)
        run = asyncio.create_task(
            run_queue(
                batch_size=places // 2,
                max_concurrent_tasks=places,
                dequeue_timeout=POLLED_EVERY,
                shutdown_on_listener_failure=True,
            )
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({run, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        queue.shutdown.set()
        await asyncio.wait({run}, timeout=services.settings.drain_timeout)
        if not run.done():
            log.warning("stopped jobs that were still running: they will run again", lane=lane)
            run.cancel()
        with suppress(asyncio.CancelledError):
            await run


def _places(settings: Settings, lane: Lane) -> int:
    """How many jobs of a lane one worker runs at the same time."""
    return {
        Lane.SHORT: settings.worker_concurrency,
        Lane.LONG: settings.worker_long_concurrency,
        Lane.BYTES: settings.worker_bytes_concurrency,
    }[lane]


@asynccontextmanager
async def open_queue(
    services: Services, tables: Collection[JobTable], lanes: Collection[Lane]
) -> AsyncIterator[PgQueuer]:
    """A queue on a separate connection that bypasses any pooler: LISTEN needs a session."""
    connection = await Database(services.settings.database, direct=True).connect()
    try:
        queue = PgQueuer.from_asyncpg_connection(connection)
        for table in tables:
            bind(queue, table, services, lanes)
        yield queue
    finally:
        connection.terminate()
