"""The worker: runs every feature's jobs and the periodic ones, on PostgreSQL.

It may be killed at any moment: a job whose worker is gone runs again, on another one.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.domain.errors import FailingListenerError

from backend.core.database import pools
from backend.core.database.engine import Database
from backend.core.errors import ApiError, DependencyUnavailable
from backend.core.jobs.queue import JobTable, bind
from backend.core.observability.logs import configure_logs
from backend.core.services import Services, open_services
from backend.core.settings import Settings
from backend.features.admin.jobs import jobs as admin
from backend.features.auth.jobs import jobs as auth
from backend.features.finalize.jobs import jobs as finalize
from backend.features.finalize.notifications import following_events
from backend.features.fsck.jobs import jobs as fsck
from backend.features.health.probes import probes
from backend.features.mail.jobs import jobs as mail
from backend.features.tree.jobs import jobs as tree
from backend.features.users.jobs import jobs as users

log = structlog.stdlib.get_logger(__name__)

JOB_TABLES: tuple[JobTable, ...] = (auth, users, mail, tree, finalize, admin, fsck)

# The ways in which there is no connection, or none any more.
LOST = (*pools.LOST, asyncpg.PostgresError, FailingListenerError, DependencyUnavailable)
POLLED_EVERY = timedelta(seconds=10)
"""How long a job may wait that was queued again without a notification."""


class DirectConnectionNeeded(ApiError):
    """Set DATABASE_DIRECT_URL: a worker needs LISTEN, which no transaction pooler passes on."""


async def run_worker(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Work until `stop` is set, then finish the running jobs and return.

    Args:
        settings: of this process.
        stop: set by SIGTERM and SIGINT unless given.

    Raises:
        DirectConnectionNeeded: the database is known only through a transaction pooler.
    """
    configure_logs(settings)
    if settings.database.pooler == "transaction" and not settings.database.direct_url:
        raise DirectConnectionNeeded
    stop = stop or _stopped_by_signals()
    async with open_services(settings) as services, probes(services), following_events(services):
        log.info("worker started")
        while not stop.is_set():
            try:
                await _work(services, stop)
            except LOST as error:
                log.warning("no connection to the queue: trying again", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), random.uniform(0.5, 2))  # noqa: S311
        log.info("worker stopped")


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


async def _work(services: Services, stop: asyncio.Event) -> None:
    """Run jobs over one connection until it is lost or `stop` is set."""
    async with open_queue(services) as queue:
        concurrency = services.settings.worker_concurrency
        run = asyncio.create_task(
            queue.run(
                batch_size=concurrency // 2,
                max_concurrent_tasks=concurrency,
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
            log.warning("jobs were still running: they will run again")
            run.cancel()
        with suppress(asyncio.CancelledError):
            await run


@asynccontextmanager
async def open_queue(services: Services) -> AsyncIterator[PgQueuer]:
    """A queue on a connection of its own, around any pooler: LISTEN needs a session."""
    connection = await Database(services.settings.database, direct=True).connect()
    try:
        queue = PgQueuer.from_asyncpg_connection(connection)
        for table in JOB_TABLES:
            bind(queue, table, services)
        yield queue
    finally:
        connection.terminate()
