"""Running what waits in the queue, as the worker would."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from backend.core.jobs.lanes import open_queue
from backend.core.jobs.queue import Lane
from backend.core.services import Services
from backend.worker import JOB_TABLES

DUE = text(
    "SELECT EXISTS (SELECT FROM pgqueuer WHERE status = 'picked'"
    " OR status = 'queued' AND execute_after <= now())"
)


async def run_jobs(services: Services) -> None:
    """Run jobs until none is due; those for later stay."""
    async with open_queue(services, JOB_TABLES, set(Lane)) as queue:
        poll = timedelta(milliseconds=50)
        # Fewer at a time than there are connections: the tests want some, too.
        run = asyncio.create_task(
            queue.qm.run(batch_size=5, max_concurrent_tasks=10, dequeue_timeout=poll)
        )
        while not run.done() and await _jobs_are_due(services):
            await asyncio.sleep(0.02)
        queue.qm.shutdown.set()
        await run


async def _jobs_are_due(services: Services) -> bool:
    return bool((await services.database.autocommit.execute(DUE)).scalar_one())
