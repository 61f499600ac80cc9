"""The claim on an upload that is being completed: a lease, so that only one request works on it."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, and_, bindparam, func, or_, update

from backend.core.database.engine import fetch_one
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db, first
from backend.features.uploads import queries
from backend.features.uploads.errors import UploadNotFound, UploadNotPending
from backend.features.uploads.states import FIRST_LOOK
from backend.kit.vocabulary import UploadState
from backend.models import Upload, UploadRow

LEASE = timedelta(seconds=60)
"""Longer than completing can take: the deadline of four calls to S3, and one transaction."""
LONGEST_PAUSE = timedelta(hours=1)
PAUSES = (0.02, 0.05, 0.1, 0.2, *(0.5,) * 18)
"""Seconds between looks at whether another request is done: mostly it is within milliseconds."""

ENDED = {
    UploadState.FAILED: "failed",
    UploadState.EXPIRED: "expired",
    UploadState.ABORTED: "been aborted",
}
"""What has become of an upload that cannot be completed any more."""

_UPLOAD_ID = bindparam("upload_id", type_=Upload.id.type)
_UPLOADER_ID = bindparam("uploader_id", type_=Upload.created_by.type)
_LEASE = bindparam("lease", type_=Interval())
_LEFT_BEHIND = and_(Upload.state == UploadState.COMPLETING, Upload.lease_until < func.now())

CLAIM = Prepared(
    UploadRow,
    update(Upload)
    .where(
        Upload.id == _UPLOAD_ID,
        Upload.created_by.is_not_distinct_from(_UPLOADER_ID),
        or_(Upload.state == UploadState.PENDING, _LEFT_BEHIND),
    )
    .values(
        state=UploadState.COMPLETING,
        lease_until=func.now() + _LEASE,
        heal_at=func.least(Upload.heal_at, func.now() + _LEASE),
    )
    .returning(*queries.row_columns),
)
"""Takes an upload that is pending, or was left behind by a process that died completing it.

The worker looks again when the lease runs out, however rarely it would look otherwise.
"""


async def claim(db: Db, upload_id: UUID, uploader_id: UUID | None) -> UploadRow:
    """Claim an upload; returned as `completed` if it is. Waits while another request completes it.

    Args:
        db: single statements, so that the claim is visible to others.
        upload_id: the upload.
        uploader_id: who began it, or nobody who has an account.

    Raises:
        UploadNotFound: there is none, or somebody else began it.
        UploadNotPending: it has failed, expired or been aborted.
    """
    upload = and_(Upload.id == upload_id, Upload.created_by.is_not_distinct_from(uploader_id))
    values = {"upload_id": upload_id, "uploader_id": uploader_id, "lease": LEASE}
    for pause in PAUSES:
        if claimed := await fetch_one(db, CLAIM, **values):
            return claimed
        seen = await first(db, UploadRow, queries.uploads(upload))
        if seen is None:
            raise UploadNotFound
        if seen.state is UploadState.COMPLETED:
            return seen
        if seen.state in ENDED:
            raise UploadNotPending(f"This upload has {ENDED[seen.state]}: begin a new one.")
        await asyncio.sleep(pause)
    raise UploadNotPending("This upload is still being completed: get it again shortly.")


async def give_back(db: Db, claimed: UploadRow) -> None:
    """Make a claimed upload pending again, so that it can be continued immediately."""
    await db.execute(
        update(Upload)
        .where(queries.held_by(claimed))
        .values(state=UploadState.PENDING, lease_until=None, heal_at=next_heal())
    )


def next_heal() -> ColumnElement[datetime]:
    """SQL: when it looks next: the upload's present age from now, between 1 minute and 1 hour."""
    age = func.now() - Upload.created_at
    pause = func.least(func.greatest(age, FIRST_LOOK), LONGEST_PAUSE)
    still_to_come = func.greatest(Upload.expires_at, func.now() + FIRST_LOOK)
    return func.least(func.now() + pause, still_to_come)
