"""What the worker does for files: deletes bytes, empties trash, clears up after accounts."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, Update, delete, func, or_, select, text, update

from backend.core.db import Database
from backend.core.errors import DependencyUnavailable
from backend.core.queue import JobTable, enqueue
from backend.core.services import Services
from backend.features.files.objects import unreferenced
from backend.features.files.purge import CONDEMNED, condemn_tree, empty_trash, purge_some
from backend.features.folders.trash import is_entry
from backend.kit import faults
from backend.models import Node, Upload, UploadState, User
from backend.models.upload import OPEN_STATES
from backend.rules.actor import SYSTEM
from backend.rules.discarding import LANDING

log = structlog.stdlib.get_logger(__name__)

jobs = JobTable()

LOOK_AGAIN = timedelta(minutes=2)
"""How long to wait before looking again whether a leaver's uploads have been undone."""

DISCARDING = timedelta(minutes=15)
"""How long after their last URL has run out the bytes of an ended upload are surely discarded."""


@jobs.job("objects.delete")
async def delete_objects(services: Services, *, keys: list[str], again: bool = False) -> None:
    """Delete those objects that no version holds any more; may be repeated."""
    unheld = await unreferenced(services.database.autocommit, keys)
    faults.reach("objects.looked")
    left = await services.storage.delete(unheld)
    faults.reach("objects.deleted")
    if left:
        log.warning("objects not deleted", count=len(left), code=left[0].code)
        raise DependencyUnavailable(f"S3 has kept {len(left)} of {len(unheld)} objects.")
    if not again:
        await _delete_again(services, unheld)


async def _delete_again(services: Services, keys: list[str]) -> None:
    """Come back when the URLs have run out that could write these objects anew.

    Else whoever uploads, deletes and uploads again to the same URL stores what nobody counts.
    However old a key is, its last URL may be new: an upload gives URLs for as long as it is open.
    It was completed before there was a version to delete, so none can be signed any more.
    """
    if keys:
        last_url = services.settings.upload.url_ttl + LANDING
        async with services.database.transaction() as tx:
            await enqueue(tx, "objects.delete", {"keys": keys, "again": True}, delay=last_url)


@jobs.job("trash.purge")
async def purge_trash(services: Services, *, owner_id: str) -> None:
    """Delete what is condemned in one tree, a batch a transaction."""
    await _purge(services.database, UUID(owner_id))


async def _purge(database: Database, owner_id: UUID) -> None:
    done = False
    while not done:
        async with database.transaction() as tx:
            done = await purge_some(tx, owner_id)


@jobs.every("23 * * * *", "trash.sweep")
async def sweep_trash(services: Services) -> None:
    """Empty every trash of what has been in it for `TRASH_DAYS`, and finish begun deletions."""
    before = datetime.now(UTC) - timedelta(days=services.settings.trash_days)
    due = or_(is_entry & (Node.trashed_at < before), Node.trash_root_id == CONDEMNED)
    owners = await services.database.autocommit.execute(select(Node.owner_id).where(due).distinct())
    for owner_id in owners.scalars():
        async with services.database.transaction() as tx:
            await empty_trash(tx, SYSTEM, owner_id, before=before)


@jobs.job("users.purge")
async def purge_user(services: Services, *, user_id: str) -> None:
    """Delete what a closed account leaves: its uploads, its tree, its grants, its row.

    Each step may be repeated. Open uploads are made to expire, which frees what they reserved,
    maybe from somebody else; the account's row stays until their bytes are discarded, too.
    """
    database, leaver = services.database, UUID(user_id)
    async with database.transaction() as tx:
        await tx.execute(_end_uploads(leaver))
        await condemn_tree(tx, leaver)
    await _purge(database, leaver)
    async with database.transaction() as tx:
        since = datetime.now(UTC) - services.settings.upload.url_ttl - DISCARDING
        if (await tx.execute(_undone_uploads(leaver, since))).first():
            await enqueue(tx, "users.purge", {"user_id": user_id}, delay=LOOK_AGAIN)
        else:
            await tx.execute(delete(User).where(User.id == leaver))


def _end_uploads(user_id: UUID) -> Update:
    return (
        update(Upload)
        .where(_uploads_of(user_id), text(OPEN_STATES))
        .values(expires_at=func.now(), heal_at=func.now())
    )


def _undone_uploads(user_id: UUID, since: datetime) -> Select[UUID]:
    """Uploads that are open, or whose bytes may yet arrive and have to be discarded."""
    discarding = (Upload.state != UploadState.COMPLETED) & (Upload.finished_at > since)
    return select(Upload.id).where(_uploads_of(user_id), or_(text(OPEN_STATES), discarding))


def _uploads_of(user_id: UUID) -> ColumnElement[bool]:
    return or_(Upload.created_by == user_id, Upload.owner_id == user_id)
