"""Invitations: grants to an address that no account has verified yet.

An invitation is bound to the address, not to an account. An account that has not verified the
address gets nothing; otherwise registering with another person's address would open their
invitations.
"""

from uuid import UUID

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.orm import aliased

from backend.core.database.engine import Transaction
from backend.core.database.rows import columns, rows
from backend.kit.events import ShareAccepted
from backend.models import Grant, GrantRow, Node
from backend.rules import events
from backend.rules.actor import Actor

_LOCK_SPACE = 0x696E7669
"""Keeps these advisory locks apart from those of other rules."""


async def lock_address(tx: Transaction, email: str) -> None:
    """Let only one transaction at a time share with `email` or verify it.

    Without this, an invitation written while its address is being verified would stay pending.
    """
    address = func.hashtext(func.lower(email))
    await tx.execute(select(func.pg_advisory_xact_lock(_LOCK_SPACE, address)))


async def accept_invitations(tx: Transaction, actor: Actor, user_id: UUID, email: str) -> None:
    """Turn the invitations to a freshly verified address into the user's grants.

    Call it in the transaction that verifies the address, after updating the user's row. If the user
    already has a grant on the same node, the stronger role stays; their own tree needs no grant.

    Args:
        tx: the transaction that verifies the address.
        actor: who verified it.
        user_id: the account the address belongs to.
        email: the address, in any case.
    """
    await lock_address(tx, email)
    await _strengthen_existing(tx, user_id, email)
    await _drop_needless(tx, user_id, email)
    accepted = [
        (it.id, ShareAccepted(node_id=it.node_id, user_id=user_id, role=it.role), it.node_id)
        for it in await _hand_over(tx, user_id, email)
    ]
    await events.record_all(tx, actor, accepted)


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
        .values(role=invitation.role, api_key_id=invitation.api_key_id)
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


async def _hand_over(tx: Transaction, user_id: UUID, email: str) -> list[GrantRow]:
    accepted = (
        update(Grant)
        .where(func.lower(Grant.email) == func.lower(email))
        .values(user_id=user_id, email=None)
        .returning(*columns(GrantRow, Grant))
    )
    return await rows(tx, GrantRow, accepted)
