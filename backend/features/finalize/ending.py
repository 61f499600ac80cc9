"""How an upload ends without a file: aborted, expired or failed.

The same transaction frees the reservation and enqueues the deletion of the bytes. A URL signed
earlier works until it expires, so the bytes are deleted a second time after that.
"""

from collections import defaultdict
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, text, update

from backend.core.database.engine import Database, Transaction
from backend.core.database.rows import columns, first, rows
from backend.core.errors import ApiError
from backend.core.jobs.queue import enqueue
from backend.core.observability import metrics
from backend.core.s3.presign import LANDING
from backend.core.settings import UploadSettings
from backend.features.uploads import queries
from backend.features.uploads.errors import UploadNotFound, UploadNotPending
from backend.kit import faults
from backend.kit.events import UploadEnded
from backend.kit.vocabulary import UploadMethod, UploadState
from backend.models import Upload, UploadRow
from backend.models.upload import OPEN_STATES
from backend.rules import events, quota
from backend.rules.actor import Actor
from backend.rules.principal import Principal

DISCARD, DISCARD_MANY = "uploads.discard", "uploads.discard_many"
DISCARDED_IN_ONE_JOB = 500
"""Clients choose how many uploads are open: ending them all must not take one job too long."""


async def end(
    tx: Transaction,
    settings: UploadSettings,
    actor: Actor,
    upload: UploadRow,
    state: UploadState,
    *,
    claimed: bool = False,
    failure: ApiError | None = None,
) -> bool:
    """End `upload` in `state`; False if it has ended already or another request has claimed it.

    Args:
        tx: the transaction.
        settings: how long URLs that were signed for it may still work.
        actor: who ends it.
        upload: its row.
        state: aborted, expired or failed.
        claimed: the row is that of a claim, which the caller holds.
        failure: what its owner is told, if it failed.
    """
    unclaimed = or_(Upload.state == UploadState.PENDING, Upload.lease_until < func.now())
    ours = queries.held_by(upload) if claimed else unclaimed
    ended = await tx.execute(
        update(Upload)
        .where(Upload.id == upload.id, queries.is_open, ours)
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
    await quota.release(tx, upload.space_id, upload.size, sent=_sent(upload))
    told, node_id = UploadEnded(state=state, name=upload.name), upload.file_id or upload.folder_id
    await events.record(tx, actor, upload.id, told, node_id=node_id, space_id=upload.space_id)
    await discard(tx, settings, upload.id)
    faults.reach("end.enqueued")
    return True


class EndedUpload(NamedTuple):
    """An upload that `end_uploads` has ended."""

    id: UUID
    space_id: UUID
    folder_id: UUID | None
    file_id: UUID | None
    name: str
    size: int
    method: UploadMethod


async def end_uploads(
    tx: Transaction, actor: Actor, state: UploadState, *which: ColumnElement[bool]
) -> None:
    """End the open uploads that meet all conditions in `which`, and free what they reserve.

    This includes uploads that are being completed: the request doing so finds its claim gone.
    Call it before anything else locks a space's row, because a completion locks its upload first
    and the space after it.
    """
    ended = await rows(
        tx,
        EndedUpload,
        update(Upload)
        .where(*which, text(OPEN_STATES))
        .values(state=state, finished_at=func.now(), lease_until=None)
        .returning(*columns(EndedUpload, Upload)),
    )
    by_space = defaultdict[UUID, list[EndedUpload]](list)
    for upload in ended:
        metrics.count_upload(state, upload.method, upload.size)
        by_space[upload.space_id].append(upload)
    for space_id, uploads in sorted(by_space.items()):  # always in one order, to avoid deadlocks
        size, sent = sum(upload.size for upload in uploads), sum(map(_sent, uploads))
        await quota.release(tx, space_id, size, sent=sent)
        happened = [
            (one.id, UploadEnded(state=state, name=one.name), one.file_id or one.folder_id)
            for one in uploads
        ]
        await events.record_all(tx, actor, happened, space_id=space_id)
    upload_ids = [str(upload.id) for upload in ended]
    for start in range(0, len(upload_ids), DISCARDED_IN_ONE_JOB):
        some = upload_ids[start : start + DISCARDED_IN_ONE_JOB]
        await enqueue(tx, DISCARD_MANY, {"upload_ids": some})


def _sent(upload: UploadRow | EndedUpload) -> int:
    """Bytes that may be an object at S3: the parts of a multipart upload never became one."""
    return 0 if upload.method is UploadMethod.MULTIPART else upload.size


async def discard(tx: Transaction, settings: UploadSettings, upload_id: UUID | str) -> None:
    """Enqueue the deletion of an ended upload's bytes, now and after its last URL has expired."""
    for delay in (None, settings.url_ttl + LANDING):
        await enqueue(tx, DISCARD, {"upload_id": str(upload_id)}, delay=delay)


async def abort(
    database: Database, settings: UploadSettings, principal: Principal, upload_id: UUID
) -> None:
    """Abort an upload: free its reservation and delete its bytes. It may be repeated.

    Raises:
        UploadNotFound: there is none, or somebody else began it.
        UploadNotPending: it has ended another way, or is being completed.
    """
    own = queries.uploads(Upload.id == upload_id, Upload.created_by == principal.user_id)
    async with database.transaction() as tx:
        upload = await first(tx, UploadRow, own.with_for_update())
        if upload is None:
            raise UploadNotFound
        if upload.state is UploadState.ABORTED:
            return
        if not await end(tx, settings, principal.actor, upload, UploadState.ABORTED):
            raise UploadNotPending(f"This upload is {upload.state}.")
    faults.reach("abort.committed")
