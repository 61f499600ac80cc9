"""Ending what an account was opened to before anybody had proved its address.

Whoever registered may have been a stranger who hoped that the owner of the address would move in.
The files stay; no way to them does but the owner's own.

    the account's lock    shared to open it to somebody, exclusive to end that

So whoever opens an account without a pause either comes before the end, and is seen by it, or
after it, and is refused, as their credential has ended.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    SQLColumnExpression,
    Uuid,
    delete,
    func,
    literal,
    select,
    text,
    update,
)

from backend.core.database.engine import Transaction
from backend.core.observability import metrics
from backend.kit.vocabulary import UploadState
from backend.models import (
    Grant,
    Link,
    Node,
    Upload,
)
from backend.models.upload import OPEN_STATES
from backend.rules import audit, quota
from backend.rules.actor import Actor
from backend.rules.principal import Principal, confirm

Owner = SQLColumnExpression[UUID] | ScalarSelect[UUID]


async def hold_open(tx: Transaction, principal: Principal, node_id: UUID) -> None:
    """Call before giving anybody access to a node: `end_access` waits for `tx` and sees it.

    Raises:
        Unauthorized: the caller's credential has just ended.
    """
    owner = select(Node.space_id).where(Node.id == node_id).scalar_subquery()
    await _hold(tx, principal, owner)


async def hold_own(tx: Transaction, principal: Principal) -> None:
    """`hold_open` for the caller's own account: call before making a credential for it."""
    await _hold(tx, principal, literal(principal.user_id, Uuid()))


async def _hold(tx: Transaction, principal: Principal, owner: Owner) -> None:
    await tx.execute(select(func.pg_advisory_xact_lock_shared(_lock_key(owner))))
    await confirm(tx, principal)


def _lock_key(owner: Owner) -> ColumnElement[int]:
    return func.hashtextextended(func.concat("access:", owner), 0)


async def end_access(tx: Transaction, owner: Actor, owner_id: UUID) -> None:
    """End every share, invitation and link on the account's files, whoever made them.

    Call it after the account's credentials have ended, in the same transaction.

    Args:
        tx: holds the account's lock afterwards.
        owner: who proved the address.
        owner_id: the account.
    """
    await tx.execute(select(func.pg_advisory_xact_lock(_lock_key(literal(owner_id, Uuid())))))
    theirs = select(Node.id).where(Node.space_id == owner_id)
    grants = await tx.execute(
        delete(Grant).where(Grant.node_id.in_(theirs)).returning(*Grant.__table__.columns)
    )
    removed = [(grant.id, _told(grant)) for grant in grants]
    await audit.record_all(tx, owner, "share.removed", removed)
    links = await tx.execute(
        update(Link)
        .where(Link.node_id.in_(theirs), Link.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(Link.id, Link.node_id)
    )
    revoked = [(link.id, {"node_id": str(link.node_id)}) for link in links]
    await audit.record_all(tx, owner, "link.revoked", revoked)


def _told(grant: Any) -> dict[str, Any]:
    return {
        "node_id": str(grant.node_id),
        "user_id": str(grant.user_id) if grant.user_id else None,
        "role": grant.role.name.lower(),
    }


async def end_uploads(tx: Transaction, owner: Actor, owner_id: UUID) -> list[UUID]:
    """Abort every open upload into the account's tree and free what they reserve.

    Also those that are being completed: whoever does so finds that their claim is gone. Call it
    before anything else locks the account's row, which a completion locks after its upload.

    Returns:
        Those uploads, whose URLs may still bring bytes that have to be discarded.
    """
    ended = await tx.execute(
        update(Upload)
        .where(Upload.space_id == owner_id, text(OPEN_STATES))
        .values(state=UploadState.ABORTED, finished_at=func.now(), lease_until=None)
        .returning(Upload.id, Upload.name, Upload.size, Upload.method)
    )
    uploads = ended.all()
    for upload in uploads:
        metrics.count_upload(UploadState.ABORTED, upload.method, upload.size)
    await quota.release(tx, owner_id, sum(upload.size for upload in uploads))
    aborted = [(upload.id, {"name": upload.name}) for upload in uploads]
    await audit.record_all(tx, owner, "upload.aborted", aborted)
    return [upload.id for upload in uploads]
