"""The worker: runs every feature's jobs and the periodic ones, on PostgreSQL.

It may be killed at any moment: a job whose worker has died runs again on another one.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import structlog

from backend.core.errors import ApiError
from backend.core.jobs.lanes import run_lane
from backend.core.jobs.queue import JobTable, Lane, lanes_by_job
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


class DirectConnectionNeeded(ApiError):
    """Set DATABASE_DIRECT_URL: a worker needs LISTEN, which transaction poolers do not support."""


async def run_worker(
    settings: Settings, stop: asyncio.Event | None = None, *, lanes: Collection[Lane] = tuple(Lane)
) -> None:
    """Work until `stop` is set, then finish the running jobs and return.

    Args:
        settings: the settings of this process.
        stop: by default, an event that SIGTERM and SIGINT set.
        lanes: the lanes to run; a worker with the short lane also follows the bucket's events.

    Raises:
        DirectConnectionNeeded: the only configured connection is a transaction pooler.
    """
    configure_logs(settings)
    if settings.database.pooler == "transaction" and not settings.database.direct_url:
        raise DirectConnectionNeeded
    stop = stop or _stopped_by_signals()
    lane_of = lanes_by_job(JOB_TABLES)
    async with open_services(settings) as services, probes(services, lane_of):
        log.info("worker started", lanes=sorted(lanes))
        async with _events(services, lanes), asyncio.TaskGroup() as running:
            running.create_task(stop.wait())  # even if no lane has jobs
            for lane in set(lanes).intersection(lane_of.values()):
                running.create_task(run_lane(lane, JOB_TABLES, services, stop))
        log.info("worker stopped")


@asynccontextmanager
async def _events(services: Services, lanes: Collection[Lane]) -> AsyncIterator[None]:
    """Follow the bucket's events, which are short work: only with the short lane."""
    if Lane.SHORT not in lanes:
        yield
        return
    async with following_events(services):
        yield


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop
