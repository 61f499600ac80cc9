"""What the worker does for uploads whose client went away."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Integer, Select, literal, or_, select, update

from backend.core.database.rows import Db, first, rows
from backend.core.errors import ApiError, DependencyUnavailable
from backend.core.jobs.queue import JobTable
from backend.core.observability import metrics
from backend.core.services import Services
from backend.features.finalize import ending
from backend.features.finalize.claim import claim, next_heal
from backend.features.finalize.complete import finalize
from backend.features.finalize.ending import DISCARD, DISCARD_MANY, end
from backend.features.uploads import queries
from backend.features.uploads.errors import TargetGone, UploadNotPending
from backend.features.uploads.signing import incoming_key
from backend.kit import faults
from backend.kit.vocabulary import Role, UploadState
from backend.models import Node, Upload, UploadRow, User
from backend.rules.access import inherited_role
from backend.rules.actor import SYSTEM

log = structlog.stdlib.get_logger(__name__)

SWEEP_BATCH = 100
HEALED_CONCURRENTLY = 8

jobs = JobTable()


@jobs.every("* * * * *", "uploads.sweep")
async def sweep(services: Services) -> None:
    """Look after every open upload that is due: complete it, expire it, or look again later."""
    while due := await _due(services.database.autocommit):
        await heal_all(services, due)
        if len(due) < SWEEP_BATCH:
            return


async def _due(db: Db) -> list[UploadRow]:
    """The uploads that are due, each for one worker only: their next look is set straight away."""
    due = (
        select(Upload.id)
        .where(queries.is_open, Upload.heal_at <= datetime.now(UTC))
        .order_by(Upload.heal_at)
        .limit(SWEEP_BATCH)
        .with_for_update(skip_locked=True)
    )
    look_again = update(Upload).where(Upload.id.in_(due)).values(heal_at=next_heal())
    return await rows(db, UploadRow, look_again.returning(*queries.row_columns))


async def heal_all(services: Services, uploads: Sequence[UploadRow]) -> None:
    """A few concurrently; one that cannot be healed does not keep the others waiting."""
    places = asyncio.Semaphore(HEALED_CONCURRENTLY)

    async def heal_in_turn(upload: UploadRow) -> None:
        async with places:
            await heal(services, upload)

    outcomes = await asyncio.gather(*map(heal_in_turn, uploads), return_exceptions=True)
    for upload, outcome in zip(uploads, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            log.error("upload not healed", upload_id=str(upload.id), exc_info=outcome)


async def heal(services: Services, upload: UploadRow) -> None:
    """Complete an open upload whose bytes have arrived; expire one whose time is up."""
    database, storage, settings = services.database, services.storage, services.settings.upload
    try:
        claimed = await claim(database.autocommit, upload.id, upload.created_by)
        await finalize(database, storage, settings, SYSTEM, claimed)
    except DependencyUnavailable:
        log.warning("upload not healed: something does not answer", upload_id=str(upload.id))
    except UploadNotPending:
        log.info("upload not healed: claimed by another, or ended", upload_id=str(upload.id))
    except ApiError as refusal:
        log.info("upload not healed", upload_id=str(upload.id), code=refusal.code)
    else:
        metrics.uploads_healed.inc()
        log.info("upload healed", upload_id=str(upload.id))


@jobs.every("* * * * *", "uploads.fail_unauthorized")
async def fail_unauthorized(services: Services) -> None:
    """Fail what nobody may complete: it would reserve somebody else's quota until it expires.

    The uploader lost the right to write there, the folder was deleted, or the account deactivated.
    """
    database, settings, failure = services.database, services.settings.upload, TargetGone()
    while True:
        any_failed = False
        query = _unauthorized(SWEEP_BATCH)
        for upload in await rows(database.autocommit, UploadRow, query):
            async with database.transaction() as tx:
                failed = await end(
                    tx, settings, SYSTEM, upload, UploadState.FAILED, failure=failure
                )
            any_failed = any_failed or failed
        if not any_failed:
            return


def _unauthorized(limit: int) -> Select[*tuple[Any, ...]]:
    """Pending uploads to somebody else's space by a user who may no longer write there."""
    may_write = (
        select(Node.id)
        .where(
            or_(Node.id == Upload.file_id, Node.id == Upload.folder_id),
            inherited_role(Upload.created_by) >= literal(Role.EDITOR, Integer),
        )
        .correlate(Upload)
        .exists()
    )
    not_their_own = (
        Upload.state == UploadState.PENDING,
        Upload.created_by != Upload.space_id,
        or_(~User.is_active, ~may_write),
    )
    return queries.uploads(*not_their_own).join(User, User.id == Upload.created_by).limit(limit)


@jobs.job(DISCARD)
async def discard(services: Services, upload_id: str) -> None:
    """Delete whatever an ended upload left in the bucket. It may be repeated."""
    query = queries.uploads(Upload.id == UUID(upload_id))
    upload = await first(services.database.autocommit, UploadRow, query)
    if upload is None or upload.state is UploadState.COMPLETED:
        return
    faults.reach("discard.looked")
    storage = services.storage
    if upload.s3_upload_id:
        await storage.abort_multipart(upload.object_key, upload.s3_upload_id)
    faults.reach("discard.aborted")
    undeleted = await storage.delete([upload.object_key, incoming_key(upload)])
    if undeleted:
        raise DependencyUnavailable(f"{len(undeleted)} objects could not be deleted.")
    faults.reach("discard.deleted")


# The old name stays until every worker and every queued job is of a version that knows the new
# one: a password reset may have enqueued it just before an update.
@jobs.job("auth.discard_uploads")
@jobs.job(DISCARD_MANY)
async def discard_many(services: Services, *, upload_ids: list[str]) -> None:
    """Enqueue the deletion of the bytes of ended uploads, now and after their last URL expired."""
    async with services.database.transaction() as tx:
        for upload_id in upload_ids:
            await ending.discard(tx, services.settings.upload, upload_id)
