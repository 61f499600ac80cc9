"""What the worker does for accounts: clears up after one that was closed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Update, delete, func, or_, select, text, update

from backend.core.jobs.queue import JobTable, enqueue
from backend.core.services import Services
from backend.features.tree.jobs import purge_all
from backend.features.tree.purge import condemn_tree
from backend.kit.vocabulary import UploadState
from backend.models import Space, Upload, User
from backend.models.upload import OPEN_STATES

jobs = JobTable()

LOOK_AGAIN = timedelta(minutes=2)
"""How long to wait before looking again whether a leaver's uploads have been undone."""

DISCARDING = timedelta(minutes=15)
"""How long after their last URL has run out the bytes of an ended upload are surely discarded."""


@jobs.job("users.purge")
async def purge_user(services: Services, *, user_id: str) -> None:
    """Delete what a closed account leaves: its uploads, its space, its grants, its row.

    Each step may be repeated. Open uploads are made to expire, which frees what they reserved,
    maybe from somebody else; the account's row stays until their bytes are discarded, too.
    """
    database, leaver = services.database, UUID(user_id)
    async with database.transaction() as tx:
        await tx.execute(_end_uploads(leaver))
        await condemn_tree(tx, leaver)
    await purge_all(database, leaver)
    async with database.transaction() as tx:
        since = datetime.now(UTC) - services.settings.upload.url_ttl - DISCARDING
        if (await tx.execute(_undone_uploads(leaver, since))).first():
            await enqueue(tx, "users.purge", {"user_id": user_id}, delay=LOOK_AGAIN)
        else:
            await tx.execute(delete(User).where(User.id == leaver))
            await tx.execute(delete(Space).where(Space.id == leaver))


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
    return or_(Upload.created_by == user_id, Upload.space_id == user_id)
