"""How an upload ends without a file: aborted, expired or failed.

The reservation is freed and the discarding of the bytes enqueued in the same transaction. A URL
signed earlier may still be used until it runs out, so the bytes are discarded a second time then.
"""

from collections import Counter
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, text, update

from backend.core.database.engine import Transaction
from backend.core.errors import ApiError
from backend.core.jobs.queue import enqueue
from backend.core.observability import metrics
from backend.core.s3.presign import LANDING
from backend.core.services import Services
from backend.core.settings import UploadSettings
from backend.features.uploads import queries
from backend.kit import faults
from backend.kit.vocabulary import UploadState
from backend.models import Upload, UploadRow
from backend.models.upload import OPEN_STATES
from backend.rules import audit, quota
from backend.rules.actor import SYSTEM, Actor

DISCARD, DISCARD_MANY = "uploads.discard", "uploads.discard_many"
DISCARDED_AT_ONCE = 500
"""Uploads in one job: their number is a client's choice, and must not hold up who ends them."""


async def end(
    tx: Transaction,
    settings: UploadSettings,
    actor: Actor,
    upload: UploadRow,
    state: UploadState,
    *,
    failure: ApiError | None = None,
) -> bool:
    """End `upload` in `state`; False when it is over already, or claimed by somebody else.

    Failing an upload is for its claimant, whose row carries the lease; other endings are for
    uploads that nobody holds.
    """
    claimant = state == UploadState.FAILED
    unclaimed = or_(
        Upload.state == UploadState.PENDING,
        Upload.lease_until == upload.lease_until if claimant else Upload.lease_until < func.now(),
    )
    ended = await tx.execute(
        update(Upload)
        .where(Upload.id == upload.id, queries.is_open, unclaimed)
        .values(
            state=state,
            finished_at=func.now(),
            lease_until=None,
            failure_code=failure.code if failure else None,
            failure_detail=failure.detail if failure else None,
        )
        .returning(Upload.id)
    )
    if ended.first() is None:
        return False
    faults.reach("end.marked")
    metrics.count_upload(state, upload.method, upload.size)
    await quota.release(tx, upload.space_id, upload.size)
    await audit.record(tx, actor, f"upload.{state}", upload.id, name=upload.name)
    await discard(tx, settings, upload.id)
    faults.reach("end.enqueued")
    return True


async def expire(services: Services, upload: UploadRow) -> None:
    """End an upload whose time is over, unless somebody is just completing it."""
    async with services.database.transaction() as tx:
        await end(tx, services.settings.upload, SYSTEM, upload, UploadState.EXPIRED)


async def end_uploads(
    tx: Transaction, actor: Actor, state: UploadState, *which: ColumnElement[bool]
) -> None:
    """End the open uploads that meet all conditions in `which`, and free what they reserve.

    Also those that are being completed: whoever does so finds that their claim is gone. Call it
    before anything else locks a space's row, which a completion locks after its upload.
    """
    ended = await tx.execute(
        update(Upload)
        .where(*which, text(OPEN_STATES))
        .values(state=state, finished_at=func.now(), lease_until=None)
        .returning(Upload.id, Upload.space_id, Upload.name, Upload.size, Upload.method)
    )
    uploads, reserved = ended.all(), Counter[UUID]()
    for upload in uploads:
        metrics.count_upload(state, upload.method, upload.size)
        reserved[upload.space_id] += upload.size
    for space_id in sorted(reserved):  # in one order, or two of these might wait for each other
        await quota.release(tx, space_id, reserved[space_id])
    told = [(upload.id, {"name": upload.name}) for upload in uploads]
    await audit.record_all(tx, actor, f"upload.{state}", told)
    upload_ids = [str(upload.id) for upload in uploads]
    for start in range(0, len(upload_ids), DISCARDED_AT_ONCE):
        some = upload_ids[start : start + DISCARDED_AT_ONCE]
        await enqueue(tx, DISCARD_MANY, {"upload_ids": some})


async def discard(tx: Transaction, settings: UploadSettings, upload_id: UUID | str) -> None:
    """Enqueue that the bytes of an ended upload be discarded, and again after its last URL."""
    for delay in (None, settings.url_ttl + LANDING):
        await enqueue(tx, DISCARD, {"upload_id": str(upload_id)}, delay=delay)
