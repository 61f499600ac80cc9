"""How an upload ends without a file: aborted, expired or failed.

The reservation is freed and the discarding of the bytes enqueued in the same transaction. A URL
signed earlier may still be used until it runs out, so the bytes are discarded a second time then.
"""

from typing import Any

from sqlalchemy import func, or_, update
from sqlalchemy.engine import Row

from backend.core.database.engine import Transaction
from backend.core.errors import ApiError
from backend.core.observability import metrics
from backend.core.services import Services
from backend.core.settings import UploadSettings
from backend.features.uploads import queries
from backend.kit import faults
from backend.kit.vocabulary import UploadState
from backend.models import Upload
from backend.rules import audit, quota
from backend.rules.actor import SYSTEM, Actor
from backend.rules.discarding import discard


async def end(
    tx: Transaction,
    settings: UploadSettings,
    actor: Actor,
    upload: Row[Any],
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


async def expire(services: Services, upload: Row[Any]) -> None:
    """End an upload whose time is over, unless somebody is just completing it."""
    async with services.database.transaction() as tx:
        await end(tx, services.settings.upload, SYSTEM, upload, UploadState.EXPIRED)
