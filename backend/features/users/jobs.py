"""What the worker does for accounts: it clears up after one that was closed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, or_, select, text

from backend.core.jobs.queue import JobTable, Lane, enqueue
from backend.core.services import Services
from backend.features.finalize.ending import end_uploads
from backend.features.tree.jobs import purge_all
from backend.features.tree.purge import condemn_tree
from backend.kit.vocabulary import UploadState
from backend.models import Space, Upload, User
from backend.models.upload import OPEN_STATES
from backend.rules.actor import SYSTEM

jobs = JobTable()

LOOK_AGAIN = timedelta(minutes=2)
"""How long to wait before checking again that a closed account's uploads have been discarded."""

DISCARDING = timedelta(minutes=15)
"""How long after its last URL expires an ended upload's bytes are certain to be discarded."""


@jobs.job("users.purge", lane=Lane.LONG)
async def purge_user(services: Services, *, user_id: str) -> None:
    """Delete what a closed account leaves behind: its uploads, space, grants, and row.

    Every step is repeatable. Ending open uploads releases what they reserved, possibly in another
    account's space. The account's row stays until the bytes of its uploads are discarded as well.
    """
    database, leaver = services.database, UUID(user_id)
    async with database.transaction() as tx:
        await end_uploads(tx, SYSTEM, UploadState.EXPIRED, _uploads_of(leaver))
        await condemn_tree(tx, leaver)
    await purge_all(database, leaver)
    async with database.transaction() as tx:
        since = datetime.now(UTC) - services.settings.upload.url_ttl - DISCARDING
        if (await tx.execute(_undone_uploads(leaver, since))).first():
            await enqueue(tx, "users.purge", {"user_id": user_id}, delay=LOOK_AGAIN)
        else:
            await tx.execute(delete(User).where(User.id == leaver))
            await tx.execute(delete(Space).where(Space.id == leaver))


def _undone_uploads(user_id: UUID, since: datetime) -> Select[UUID]:
    """Uploads that are open, or whose bytes may still arrive and must be discarded."""
    discarding = (Upload.state != UploadState.COMPLETED) & (Upload.finished_at > since)
    return select(Upload.id).where(_uploads_of(user_id), or_(text(OPEN_STATES), discarding))


def _uploads_of(user_id: UUID) -> ColumnElement[bool]:
    return or_(Upload.created_by == user_id, Upload.space_id == user_id)
