"""The worker: runs every feature's jobs and the periodic ones, on PostgreSQL."""

import asyncio
import signal

import structlog
from pgqueuer import PgQueuer

from backend.core.db import Database
from backend.core.logs import configure_logs
from backend.core.queue import JobTable, bind
from backend.core.services import Services, open_services
from backend.core.settings import Settings
from backend.features.auth.jobs import jobs as auth_jobs

log = structlog.stdlib.get_logger(__name__)

JOB_TABLES: tuple[JobTable, ...] = (auth_jobs,)


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish the running jobs and return."""
    configure_logs(settings)
    async with open_services(settings) as services:
        queue = await open_queue(services)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, queue.shutdown.set)
        log.info("worker started")
        await queue.run()
        log.info("worker stopped")


async def open_queue(services: Services) -> PgQueuer:
    """A queue on a connection of its own, around any pooler: LISTEN needs a session."""
    connection = await Database(services.settings.database, direct=True).connect()
    queue = PgQueuer.from_asyncpg_connection(connection)
    for table in JOB_TABLES:
        bind(queue, table, services)
    return queue
