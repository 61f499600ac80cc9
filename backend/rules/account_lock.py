"""The account's lock: shared for giving somebody access, exclusive for ending all access.

Whoever gives access either does so before it all ends, and then that access ends too, or comes
later and is refused, because their credential has ended.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, Uuid, func, literal, select

from backend.core.database.engine import Transaction
from backend.models import Node
from backend.rules.principal import Principal, confirm

Owner = SQLColumnExpression[UUID] | ScalarSelect[UUID]


async def hold_open(tx: Transaction, principal: Principal, node_id: UUID) -> None:
    """Call before giving anybody access to a node: `hold_shut` waits for `tx` and sees the access.

    Raises:
        Unauthorized: the caller's credential has just ended.
    """
    owner = select(Node.space_id).where(Node.id == node_id).scalar_subquery()
    await _hold(tx, principal, owner)


async def hold_own(tx: Transaction, principal: Principal) -> None:
    """`hold_open` for the caller's own account: call before creating a credential for it."""
    await _hold(tx, principal, literal(principal.user_id, Uuid()))


async def hold_shut(tx: Transaction, user_id: UUID) -> None:
    """Wait for everyone who is giving access; until `tx` ends, nobody else can begin to.

    Call it in the transaction that ended the account's credentials, after that and before looking
    for what must end with them.
    """
    await tx.execute(select(func.pg_advisory_xact_lock(_lock_key(literal(user_id, Uuid())))))


async def _hold(tx: Transaction, principal: Principal, owner: Owner) -> None:
    await tx.execute(select(func.pg_advisory_xact_lock_shared(_lock_key(owner))))
    await confirm(tx, principal)


def _lock_key(owner: Owner) -> ColumnElement[int]:
    return func.hashtextextended(func.concat("access:", owner), 0)
