"""Complete an upload: claim it, let S3 say what arrived, settle.

    claim     one statement: state `completing` with a lease; whoever holds it works alone
    arrive    no transaction is open: finish the multipart upload, copy what a form posted, verify
    settle    one transaction: quota, version, event, state

Each step may be repeated. A process that dies in between leaves a lease that runs out; then the
client's next try, or the worker's sweep, starts again and finds at S3 what has been done already.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from backend.core.database.engine import Database
from backend.core.errors import ApiError, DependencyUnavailable
from backend.core.observability import metrics
from backend.core.s3.storage import Storage
from backend.core.settings import UploadSettings
from backend.features.finalize.arrival import arrive
from backend.features.finalize.claim import claim, give_back
from backend.features.finalize.ending import end
from backend.features.finalize.settle import settle
from backend.features.uploads.errors import (
    ChecksumMismatch,
    HeadersAdded,
    SizeMismatch,
    TargetGone,
    UploadNotPending,
)
from backend.features.uploads.schemas import GivenPart
from backend.features.uploads.schemas import Upload as UploadDocument
from backend.features.uploads.service import describe_completed
from backend.features.uploads.states import has_expired
from backend.kit import faults
from backend.kit.vocabulary import UploadState
from backend.models import UploadRow
from backend.rules.actor import SYSTEM, Actor
from backend.rules.principal import Principal

HOPELESS = (SizeMismatch, ChecksumMismatch, HeadersAdded, TargetGone)
"""Refusals after which an upload can never be completed."""


async def complete(
    database: Database,
    storage: Storage,
    settings: UploadSettings,
    principal: Principal,
    upload_id: UUID,
    given: Sequence[GivenPart] | None,
) -> UploadDocument:
    """`finalize` for the client that began the upload, who gets to see the resulting file.

    Raises:
        UploadNotFound: there is none, or somebody else began it.
        and what `finalize` raises.
    """
    user_id = principal.user_id
    claimed = await claim(database.autocommit, upload_id, user_id)
    completed = await finalize(database, storage, settings, principal.actor, claimed, given)
    return await describe_completed(database.autocommit, user_id, completed)


async def finalize(
    database: Database,
    storage: Storage,
    settings: UploadSettings,
    actor: Actor,
    claimed: UploadRow,
    given: Sequence[GivenPart] | None = None,
) -> UploadRow:
    """Make a file of a claimed upload whose bytes have arrived, and return its row afterwards.

    An upload whose time is up becomes a file if everything has arrived, whatever parts the client
    names; else it expires, because nothing that is missing can be sent any more.

    Args:
        database: where it is settled.
        storage: where its bytes are.
        settings: how long URLs that were signed for it may still work.
        actor: who asks for it.
        claimed: what `claim` returned; if it is completed already, nothing happens.
        given: the parts that the client names; without them, those that S3 lists.

    Raises:
        UploadIncomplete: bytes are missing; the upload stays pending.
        PartOutOfRange: the client names a part that was never planned; it stays pending, too.
        SizeMismatch, ChecksumMismatch, HeadersAdded, TargetGone: the upload has failed.
        UploadNotPending: it ended another way.
    """
    if claimed.state is UploadState.COMPLETED:
        return claimed
    faults.reach("complete.claimed")
    expired = has_expired(claimed)
    try:
        head = await arrive(database, storage, claimed, None if expired else given)
        faults.reach("complete.arrived")
        completed = await settle(database, actor, claimed, head)
    except ApiError as refusal:
        await _let_go(database, settings, actor, claimed, refusal, expired=expired)
        raise
    faults.reach("complete.settled")
    metrics.count_upload(completed.state, completed.method, completed.size)
    taken = datetime.now(UTC) - completed.created_at
    metrics.upload_duration.labels(completed.method).observe(taken.total_seconds())
    return completed


async def _let_go(
    database: Database,
    settings: UploadSettings,
    actor: Actor,
    claimed: UploadRow,
    refusal: ApiError,
    *,
    expired: bool,
) -> None:
    """End a claimed upload that can never be completed; let any other be continued.

    Raises:
        UploadNotPending: it has expired.
    """
    if isinstance(refusal, HOPELESS):
        async with database.transaction() as tx:
            state = UploadState.FAILED
            await end(tx, settings, actor, claimed, state, claimed=True, failure=refusal)
    elif expired and not isinstance(refusal, DependencyUnavailable | UploadNotPending):
        async with database.transaction() as tx:
            await end(tx, settings, SYSTEM, claimed, UploadState.EXPIRED, claimed=True)
        raise UploadNotPending("This upload has expired: begin a new one.") from refusal
    else:
        await give_back(database.autocommit, claimed)
