"""Time that passes on demand, and whether everything is well in the end."""

import asyncio
import time
from datetime import timedelta

from sqlalchemy import func, select, text, update

from backend.core.services import Services
from backend.features.fsck.findings import Finding, Inspection
from backend.features.fsck.service import fsck
from backend.features.uploads.queries import is_open
from backend.models import Upload


async def let_time_pass(services: Services) -> None:
    """As if an hour had gone by: leases are over, jobs and the sweep are due."""
    db = services.database.autocommit
    await db.execute(
        update(Upload)
        .where(is_open)
        .values(heal_at=func.now(), lease_until=func.least(Upload.lease_until, func.now()))
    )
    hour_ago = "now() - interval '1 hour'"
    await db.execute(
        text(f"UPDATE pgqueuer SET execute_after = {hour_ago}, heartbeat = {hour_ago}")
    )
    await db.execute(
        text(
            f"UPDATE pgqueuer_schedules SET next_run = {hour_ago}, heartbeat = {hour_ago}"
            " WHERE entrypoint = 'uploads.sweep'"
        )
    )


async def what_is_left(services: Services, *, seconds: float) -> str:
    """Wait up to `seconds` until nothing is open or queued; say what is."""
    db, left = services.database.autocommit, "?"
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        open_uploads = select(func.count()).select_from(Upload).where(is_open)
        uploads = (await db.execute(open_uploads)).scalar_one()
        jobs = (await db.execute(text("SELECT count(*) FROM pgqueuer"))).scalar_one()
        left = f"{uploads} uploads, {jobs} jobs" if uploads or jobs else ""
    return left


async def findings(
    services: Services, *, repair: bool = False, repair_all: bool = False
) -> list[Finding]:
    inspection = Inspection(services, timedelta(0), repair, repair_all=repair_all)
    return [found async for found in fsck(inspection)]
