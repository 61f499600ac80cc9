"""The account's lock: held shared to open an account to somebody, exclusively to end all that.

Whoever opens an account without a pause either comes before the end, and is seen by it, or after
it, and is refused, as their credential has ended.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, Uuid, func, literal, select

from backend.core.database.engine import Transaction
from backend.models import Node
from backend.rules.principal import Principal, confirm

Owner = SQLColumnExpression[UUID] | ScalarSelect[UUID]


async def hold_open(tx: Transaction, principal: Principal, node_id: UUID) -> None:
    """Call before giving anybody access to a node: `hold_shut` waits for `tx` and sees it.

    Raises:
        Unauthorized: the caller's credential has just ended.
    """
    owner = select(Node.space_id).where(Node.id == node_id).scalar_subquery()
    await _hold(tx, principal, owner)


async def hold_own(tx: Transaction, principal: Principal) -> None:
    """`hold_open` for the caller's own account: call before making a credential for it."""
    await _hold(tx, principal, literal(principal.user_id, Uuid()))


async def hold_shut(tx: Transaction, user_id: UUID) -> None:
    """Wait for whoever is opening the account; until `tx` ends, nobody else begins to.

    Call it after the account's credentials have ended, in the same transaction, and before looking
    for what has to end with them.
    """
    await tx.execute(select(func.pg_advisory_xact_lock(_lock_key(literal(user_id, Uuid())))))


async def _hold(tx: Transaction, principal: Principal, owner: Owner) -> None:
    await tx.execute(select(func.pg_advisory_xact_lock_shared(_lock_key(owner))))
    await confirm(tx, principal)


def _lock_key(owner: Owner) -> ColumnElement[int]:
    return func.hashtextextended(func.concat("access:", owner), 0)
