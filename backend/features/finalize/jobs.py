"""What the worker does for uploads whose client went away."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import select, update

from backend.core.errors import ApiError, DependencyUnavailable
from backend.core.jobs.queue import JobTable
from backend.core.observability import metrics
from backend.core.services import Services
from backend.features.finalize.complete import complete
from backend.features.uploads import ending, queries
from backend.features.uploads.ending import DISCARD, DISCARD_MANY, end, expire
from backend.features.uploads.errors import TargetGone, UploadNotPending
from backend.features.uploads.signing import incoming_key
from backend.features.uploads.states import is_over, next_heal
from backend.kit import faults
from backend.kit.vocabulary import UploadMethod, UploadState
from backend.models import Upload, UploadRow
from backend.rules.actor import SYSTEM

log = structlog.stdlib.get_logger(__name__)

SWEEP_BATCH = 100
HEALED_AT_ONCE = 8

jobs = JobTable()


@jobs.every("* * * * *", "uploads.sweep")
async def sweep(services: Services) -> None:
    """Look after every open upload that is due: finish it, expire it, or look again later."""
    while due := await _due(services):
        await heal_all(services, due)
        if len(due) < SWEEP_BATCH:
            return


@jobs.every("* * * * *", "uploads.turn_away")
async def turn_away(services: Services) -> None:
    """End what nobody may complete: it would hold the tree owner's quota until it expires.

    Its maker's rights were taken back, the folder was deleted, or the account deactivated.
    """
    while True:
        unwelcome = await services.database.autocommit.execute(queries.unwelcome(SWEEP_BATCH))
        ended = [await _turn_away(services, upload) for upload in unwelcome]
        if not any(ended):
            return


async def _turn_away(services: Services, upload: UploadRow) -> bool:
    async with services.database.transaction() as tx:
        settings, failure = services.settings.upload, TargetGone()
        return await end(tx, settings, SYSTEM, upload, UploadState.FAILED, failure=failure)


async def heal_all(services: Services, uploads: Sequence[UploadRow]) -> None:
    """A few at a time; one that cannot be healed does not keep the others waiting."""
    places = asyncio.Semaphore(HEALED_AT_ONCE)

    async def heal_in_turn(upload: UploadRow) -> None:
        async with places:
            await heal(services, upload)

    outcomes = await asyncio.gather(*map(heal_in_turn, uploads), return_exceptions=True)
    for upload, outcome in zip(uploads, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            log.error("upload not healed", upload_id=str(upload.id), exc_info=outcome)


async def _due(services: Services) -> list[UploadRow]:
    """The uploads that are due, each handed to one worker: their next look is set at once."""
    db = services.database.autocommit
    now = datetime.now(UTC)
    due = (
        select(Upload.id)
        .where(queries.is_open, Upload.heal_at <= now)
        .order_by(Upload.heal_at)
        .limit(SWEEP_BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = await db.execute(
        update(Upload)
        .where(Upload.id.in_(due))
        .values(heal_at=next_heal())
        .returning(*queries.row_columns)
    )
    return list(rows.all())


async def heal(services: Services, upload: UploadRow) -> None:
    """Complete an open upload whose bytes arrived; expire one whose time is over."""
    try:
        await complete(services, SYSTEM, upload)
    except DependencyUnavailable:
        log.warning("upload not healed: the store does not answer", upload_id=str(upload.id))
    except UploadNotPending:
        log.info("upload not healed: somebody else does, or it is over", upload_id=str(upload.id))
    except ApiError as refusal:
        log.info("upload not healed", upload_id=str(upload.id), code=refusal.code)
        if is_over(upload):  # whatever stands in its way, it is over
            await expire(services, upload)
    else:
        metrics.uploads_healed.inc()
        log.info("upload healed", upload_id=str(upload.id))


@jobs.job(DISCARD)
async def discard(services: Services, upload_id: str) -> None:
    """Delete whatever an ended upload left in the bucket. Repeating it is fine."""
    query = select(*queries.row_columns).where(Upload.id == UUID(upload_id))
    upload = (await services.database.autocommit.execute(query)).first()
    if upload is None or upload.state == UploadState.COMPLETED:
        return
    faults.reach("discard.looked")
    storage = services.storage
    if upload.method == UploadMethod.MULTIPART:
        await storage.abort_multipart(upload.object_key, upload.s3_upload_id)
    faults.reach("discard.aborted")
    undeleted = await storage.delete([upload.object_key, incoming_key(upload)])
    if undeleted:
        raise DependencyUnavailable(f"{len(undeleted)} objects could not be deleted.")
    faults.reach("discard.deleted")


# Until every worker and every queued job is of a version that knows the new name, both count:
# a reset by mail may have enqueued the old one just before an update.
@jobs.job("auth.discard_uploads")
@jobs.job(DISCARD_MANY)
async def discard_many(services: Services, *, upload_ids: list[str]) -> None:
    """Have the bytes of ended uploads discarded, and again when their last URL has run out."""
    async with services.database.transaction() as tx:
        for upload_id in upload_ids:
            await ending.discard(tx, services.settings.upload, upload_id)
