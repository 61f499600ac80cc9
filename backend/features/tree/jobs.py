"""Jobs of the tree: delete objects, empty the trash."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import or_, select

from backend.core.database.engine import Database
from backend.core.errors import DependencyUnavailable
from backend.core.jobs.queue import JobTable, Lane, enqueue
from backend.core.s3.presign import LANDING
from backend.core.services import Services
from backend.features.tree.purge import (
    CONDEMNED,
    empty_trash,
    purge_some,
    unreferenced,
)
from backend.features.tree.trash import is_entry
from backend.kit import faults
from backend.models import Node
from backend.rules.actor import SYSTEM

log = structlog.stdlib.get_logger(__name__)

jobs = JobTable()


@jobs.job("objects.delete")
async def delete_objects(services: Services, *, keys: list[str], again: bool = False) -> None:
    """Delete the given objects if no version refers to them any longer; may be repeated."""
    unheld = await unreferenced(services.database.autocommit, keys)
    faults.reach("objects.looked")
    left = await services.storage.delete(unheld)
    faults.reach("objects.deleted")
    if left:
        log.warning("objects not deleted", count=len(left), code=left[0].code)
        raise DependencyUnavailable(f"S3 did not delete {len(left)} of {len(unheld)} objects.")
    if not again:
        await _delete_again(services, unheld)


async def _delete_again(services: Services, keys: list[str]) -> None:
    """Delete the objects again once all URLs that could rewrite them have expired.

    Otherwise a client that uploads, deletes and uploads again to the same URL would store bytes
    that no quota counts. However old a key is, its last URL may be recent: an upload signs URLs for
    as long as it is open. It was completed before there was a version to delete, so no further URL
    can be signed.
    """
    if keys:
        last_url = services.settings.upload.url_ttl + LANDING
        async with services.database.transaction() as tx:
            await enqueue(tx, "objects.delete", {"keys": keys, "again": True}, delay=last_url)


@jobs.job("trash.purge", lane=Lane.LONG)
async def purge_trash(services: Services, *, owner_id: str) -> None:
    """Delete what is condemned in one tree, one batch per transaction.

    `owner_id` is the space; jobs and workers of the previous release use this name.
    """
    await purge_all(services.database, UUID(owner_id))


async def purge_all(database: Database, space_id: UUID) -> None:
    """Delete what is condemned in one tree, one batch per transaction."""
    done = False
    while not done:
        async with database.transaction() as tx:
            done = await purge_some(tx, space_id)


@jobs.every("23 * * * *", "trash.sweep")
async def sweep_trash(services: Services) -> None:
    """Delete what has been in a trash for `TRASH_DAYS`, and finish unfinished deletions."""
    before = datetime.now(UTC) - timedelta(days=services.settings.trash_days)
    due = or_(is_entry & (Node.trashed_at < before), Node.trash_root_id == CONDEMNED)
    spaces = await services.database.autocommit.execute(select(Node.space_id).where(due).distinct())
    for space_id in spaces.scalars():
        async with services.database.transaction() as tx:
            await empty_trash(tx, SYSTEM, space_id, before=before)
