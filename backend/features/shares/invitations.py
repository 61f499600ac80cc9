"""Invitations: grants to an address nobody has proven yet, waiting for the one who does.

An invitation is bound to the address, not to an account: an account that has not verified the
address gets nothing, or registering with somebody else's address would open their invitations.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, literal, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import aliased

from backend.core.database.engine import Transaction
from backend.models import Grant, Node
from backend.rules import audit
from backend.rules.actor import Actor

_LOCK_SPACE = 0x696E7669
"""Keeps these advisory locks apart from those other rules take."""


async def lock_address(tx: Transaction, email: str) -> None:
    """Let one transaction at a time share with `email` or prove it.

    Without this an invitation written while its address is being verified would wait for ever.
    """
    address = func.hashtext(func.lower(email))
    await tx.execute(select(func.pg_advisory_xact_lock(_LOCK_SPACE, address)))


async def accept_invitations(tx: Transaction, actor: Actor, user_id: UUID, email: str) -> None:
    """Turn the invitations to a freshly verified address into the user's grants.

    Call it in the transaction that verifies, after the user's row says so. Where the user has a
    grant on the same node already, the stronger role stays; their own tree needs no grant.

    Args:
        tx: the transaction that verifies the address.
        actor: who proved it.
        user_id: the account the address belongs to.
        email: the address, in any case.
    """
    await lock_address(tx, email)
    await _strengthen_existing(tx, user_id, email)
    await _drop_needless(tx, user_id, email)
    for grant in await _hand_over(tx, user_id, email):
        await audit.record(
            tx,
            actor,
            "share.accepted",
            grant.id,
            node_id=str(grant.node_id),
            user_id=str(user_id),
            role=grant.role.name.lower(),
        )


async def _strengthen_existing(tx: Transaction, user_id: UUID, email: str) -> None:
    invitation = aliased(Grant)
    await tx.execute(
        update(Grant)
        .where(
            Grant.user_id == user_id,
            Grant.node_id == invitation.node_id,
            Grant.role < invitation.role,
            func.lower(invitation.email) == func.lower(email),
        )
        .values(role=invitation.role)
    )


async def _drop_needless(tx: Transaction, user_id: UUID, email: str) -> None:
    held = aliased(Grant)
    has_grant = select(literal(1)).where(held.user_id == user_id, held.node_id == Grant.node_id)
    owns = select(literal(1)).where(Node.space_id == user_id, Node.id == Grant.node_id)
    await tx.execute(
        delete(Grant).where(
            func.lower(Grant.email) == func.lower(email), has_grant.exists() | owns.exists()
        )
    )


async def _hand_over(tx: Transaction, user_id: UUID, email: str) -> Sequence[Row[Any]]:
    accepted: CursorResult[Any] = await tx.execute(
        update(Grant)
        .where(func.lower(Grant.email) == func.lower(email))
        .values(user_id=user_id, email=None)
        .returning(Grant.id, Grant.node_id, Grant.role)
    )
    return accepted.all()
