"""Housekeeping."""

from datetime import UTC, datetime

from sqlalchemy import delete

from backend.core.jobs.backlog import prune_log
from backend.core.jobs.queue import JobTable
from backend.core.services import Services
from backend.models import IdempotencyKey
from backend.rules.idempotency import KEPT

jobs = JobTable()


@jobs.every("17 * * * *", "housekeeping")
async def keep_house(services: Services) -> None:
    """Delete stored answers that have expired, and old entries of the job log."""
    db = services.database.autocommit
    over = datetime.now(UTC) - KEPT
    await db.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < over))
    await prune_log(db)
