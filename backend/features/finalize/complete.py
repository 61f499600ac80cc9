"""Complete an upload: claim it, let S3 say what arrived, settle.

    claim     one statement: state `completing` with a lease; whoever holds it works alone
    arrive    no transaction is open: finish the multipart upload, copy what a form posted, look
    settle    one transaction: quota, version, event, state

Each step may be repeated. Who dies in between leaves a lease that runs out; then the client's
next try, or the worker's sweep, starts over and finds in S3 what has been done already.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from backend.core.database.engine import Database
from backend.core.errors import ApiError
from backend.core.observability import metrics
from backend.core.s3.objects import (
    MultipartNotFound,
    ObjectHead,
    ObjectNotFound,
    Part,
    PartsRefused,
)
from backend.core.s3.storage import Storage
from backend.core.services import Services
from backend.features.finalize.settle import place
from backend.features.uploads import queries
from backend.features.uploads.ending import end, expire
from backend.features.uploads.errors import (
    ChecksumMismatch,
    SizeMismatch,
    TargetGone,
    UploadIncomplete,
    UploadNotPending,
)
from backend.features.uploads.multipart import reopen
from backend.features.uploads.schemas import GivenPart
from backend.features.uploads.signing import incoming_key, part_plan, require_part
from backend.features.uploads.states import is_over, next_heal
from backend.kit import faults
from backend.kit.vocabulary import UploadMethod, UploadState
from backend.models import Upload, UploadRow
from backend.rules.actor import Actor

LEASE = timedelta(seconds=60)
"""Longer than a completion can take: S3's deadline a call, four calls, one transaction."""
PAUSES = (0.02, 0.05, 0.1, 0.2, *(0.5,) * 18)
"""Seconds between the looks of a second completer at whether the first one is done: mostly it
is within milliseconds."""

_OVER = "This upload has {}: begin a new one."


async def complete(
    services: Services,
    actor: Actor,
    upload: UploadRow,
    given: Sequence[GivenPart] | None = None,
) -> None:
    """Make a file of an upload whose bytes have arrived; does nothing if that is done already.

    Args:
        services: the process's.
        actor: who asks for it.
        upload: the row, as the caller has seen it.
        given: the parts the client names; else what S3 lists.

    Raises:
        UploadIncomplete: bytes are missing; the upload stays pending.
        PartOutOfRange: the client names a part that was never planned; it stays pending, too.
        SizeMismatch, ChecksumMismatch, TargetGone, NameTaken: the upload has failed.
        UploadNotPending: it ended another way.
    """
    claimed = await _claim(services.database, upload.id)
    if claimed is None:
        return
    faults.reach("complete.claimed")
    try:
        head = await _arrive(services, claimed, given)
        _verify(claimed, head)
        faults.reach("complete.arrived")
        await place(services, actor, claimed, head)
        _count(claimed)
    except (SizeMismatch, ChecksumMismatch, TargetGone) as refusal:
        await _fail(services, actor, claimed, refusal)
        raise
    except ApiError:
        await _give_back(services.database, claimed)
        raise
    faults.reach("complete.settled")


async def complete_in_time(
    services: Services, actor: Actor, upload: UploadRow, given: Sequence[GivenPart] | None
) -> None:
    """`complete` for a client, who cannot send what is missing when the time is over.

    An upload that is over becomes what the worker would make of it: a file, if all has arrived,
    whatever parts the client names.
    """
    over = is_over(upload)
    try:
        await complete(services, actor, upload, None if over else given)
    except UploadIncomplete as missing:
        if not over:
            raise
        await expire(services, upload)
        raise UploadNotPending(_OVER.format(UploadState.EXPIRED)) from missing


async def _claim(database: Database, upload_id: UUID) -> UploadRow | None:
    """Claim the upload; None when it is completed. Waits for another who is completing it.

    Raises:
        UploadNotPending: it has failed, expired or been aborted.
    """
    db = database.autocommit
    for pause in PAUSES:
        claimed = (await db.execute(queries.claim(upload_id, LEASE))).first()
        if claimed is not None:
            return claimed
        seen = await db.execute(select(Upload.state).where(Upload.id == upload_id))
        state = seen.scalar_one_or_none()
        if state == UploadState.COMPLETED:
            return None
        if state != UploadState.COMPLETING:
            raise UploadNotPending(_OVER.format(state or "ended"))
        await asyncio.sleep(pause)
    raise UploadNotPending("This upload is being completed: look at it again shortly.")


async def _give_back(database: Database, upload: UploadRow) -> None:
    """Make a claimed upload pending again, so that it can be continued at once."""
    await database.autocommit.execute(
        update(Upload)
        .where(
            Upload.id == upload.id,
            Upload.state == UploadState.COMPLETING,
            Upload.lease_until == upload.lease_until,
        )
        .values(state=UploadState.PENDING, lease_until=None, heal_at=next_heal())
    )


async def _fail(services: Services, actor: Actor, upload: UploadRow, refusal: ApiError) -> None:
    async with services.database.transaction() as tx:
        await end(tx, services.settings.upload, actor, upload, UploadState.FAILED, failure=refusal)


def _count(upload: UploadRow) -> None:
    metrics.count_upload(UploadState.COMPLETED, upload.method, upload.size)
    taken = datetime.now(UTC) - upload.created_at
    metrics.upload_duration.labels(upload.method).observe(taken.total_seconds())


async def _arrive(
    services: Services, upload: UploadRow, given: Sequence[GivenPart] | None
) -> ObjectHead:
    """Bring the bytes under the object's key and return what S3 says of them."""
    storage = services.storage
    if upload.method == UploadMethod.MULTIPART:
        await _finish_multipart(storage, upload, given)
    if upload.method == UploadMethod.POST:
        await _take_in(storage, upload)
    head = await storage.head(upload.object_key)
    if head is not None:
        return head
    if upload.method == UploadMethod.MULTIPART:  # neither parts nor what they were joined to
        await reopen(services.database, storage, upload)
        raise UploadIncomplete("The store has lost the parts: get them signed and send them again.")
    raise UploadIncomplete("No bytes have reached the store yet: send them first.")


async def _finish_multipart(
    storage: Storage, upload: UploadRow, given: Sequence[GivenPart] | None
) -> None:
    key, s3_upload_id = upload.object_key, upload.s3_upload_id
    try:
        if given is None or upload.part_checksums:  # S3 wants each part's checksum again
            parts = await storage.list_parts(key, s3_upload_id)
        else:
            parts = [Part(part.part_number, 0, part.etag.strip('"')) for part in given]
        _require_all(upload, parts)
        faults.reach("complete.listed")
        await storage.complete_multipart(key, s3_upload_id, parts)
        faults.reach("complete.joined")
    except MultipartNotFound:
        return  # completed by an earlier try, if the object is there: `head` tells
    except PartsRefused as refused:
        raise UploadIncomplete(
            f"The store refused these parts ({refused.code}): compare part numbers and ETags."
        ) from refused


def _require_all(upload: UploadRow, parts: Sequence[Part]) -> None:
    """Completing with a part too few would make an object that can never be continued."""
    plan = part_plan(upload)
    numbers = {part.part_number for part in parts}
    for number in numbers:
        require_part(plan, number)
    wanted = range(1, plan.part_count + 1)
    missing = sorted(set(wanted) - numbers)
    if not missing:
        return
    named = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")  # noqa: PLR2004
    raise UploadIncomplete(f"{len(missing)} of {len(wanted)} parts are missing: {named}.")


async def _take_in(storage: Storage, upload: UploadRow) -> None:
    """Copy what a form posted to the object's own key, exactly as it is now."""
    head = await storage.head(incoming_key(upload))
    if head is None:
        return
    _verify(upload, head)
    faults.reach("complete.looked")
    try:
        await storage.copy(incoming_key(upload), upload.object_key, etag=head.etag)
    except ObjectNotFound as replaced:
        raise UploadIncomplete("The form is being sent again: complete after that.") from replaced
    faults.reach("complete.copied")


def _verify(upload: UploadRow, head: ObjectHead) -> None:
    """Compare what was declared with what S3 holds.

    Some stores give no checksum back; theirs was signed into the request and checked there.
    """
    if head.size != upload.size:
        raise SizeMismatch(f"{upload.size} bytes were declared, {head.size} arrived.")
    declared = upload.checksum_sha256
    if declared and head.checksum and head.checksum.value != declared:
        raise ChecksumMismatch
