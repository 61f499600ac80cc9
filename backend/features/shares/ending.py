"""Ending a share, and with it what its person opened to others.

Nobody can pass on access they have lost. A link stops by itself once its creator is no longer an
owner; shares do not, because an owner may leave and their guests stay. So whoever ends a share
decides, and the default is to end them: a removed owner may have let in a second account.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import aliased

from backend.core.database.engine import Transaction
from backend.core.errors import NotFound
from backend.features.links.service import revoke_links
from backend.features.shares.service import ShareRow, find_share, remove_shares
from backend.kit.vocabulary import Role
from backend.models import Grant, Link, Node
from backend.rules import access
from backend.rules.account_lock import hold_shut
from backend.rules.principal import Principal


async def remove(tx: Transaction, principal: Principal, share_id: UUID, *, keep: bool) -> None:
    """End a share: owners can end any share, everyone can end their own.

    Args:
        tx: the transaction; until it ends, nobody else gives access in this space.
        principal: the caller.
        share_id: the share, perhaps of a trashed node, which an editor could restore.
        keep: leave the shares and links that the person made on the node and below.

    Raises:
        NotFound, RoleRequired: it is another user's share and the caller does not own the node.
    """
    share = await find_share(tx, share_id)
    space_id = await _space_of(tx, share.node_id)
    await hold_shut(tx, space_id)
    if share.user_id != principal.user_id:
        await access.require(tx, principal.user_id, share.node_id, Role.OWNER, trashed=None)
    founder_id = await _oldest_owner(tx, space_id)
    if not await remove_shares(tx, principal.actor, Grant.id == share_id):
        raise NotFound
    if not keep and share.user_id is not None and share.user_id != founder_id:
        await _end_opened(tx, principal, share, share.user_id, founder_id)


async def _end_opened(
    tx: Transaction,
    principal: Principal,
    share: ShareRow,
    person_id: UUID,
    founder_id: UUID | None,
) -> None:
    """End what the person of an ended share opened, what those they let in opened, and so on.

    What somebody opened where they are still an owner stays. So do the access of the caller and
    that of the oldest owner: who brought them in does not matter.
    """
    stays = [it for it in (principal.user_id, founder_id) if it is not None]
    removable = or_(Grant.user_id.is_(None), Grant.user_id.not_in(stays))
    people, newly = {person_id}, {person_id}
    while newly:
        opened = Grant.id.in_(_opened_shares(share.node_id, newly))
        ended = await remove_shares(tx, principal.actor, opened, removable, ended_with=share.id)
        newly = {it.user_id for it in ended if it.user_id is not None} - people
        people |= newly
    links = Link.id.in_(_opened_links(share.node_id, people))
    await revoke_links(tx, principal.actor, links, ended_with=share.id)


def _opened_shares(node_id: UUID, people: set[UUID]) -> Select[UUID]:
    made = aliased(Grant)
    lost = access.inherited_role(made.created_by).is_distinct_from(Role.OWNER)
    opened = select(made.id).join(Node, Node.id == made.node_id)
    return opened.where(made.created_by.in_(people), _within(node_id), lost)


def _opened_links(node_id: UUID, people: set[UUID]) -> Select[UUID]:
    lost = access.inherited_role(Link.created_by).is_distinct_from(Role.OWNER)
    opened = select(Link.id).join(Node, Node.id == Link.node_id)
    return opened.where(Link.created_by.in_(people), _within(node_id), lost)


def _within(node_id: UUID) -> ColumnElement[bool]:
    return or_(Node.id == node_id, Node.path.contains([node_id]))


async def _space_of(tx: Transaction, node_id: UUID) -> UUID:
    query = select(Node.space_id).where(Node.id == node_id)
    if (space_id := (await tx.execute(query)).scalar()) is None:
        raise NotFound
    return UUID(str(space_id))


async def _oldest_owner(tx: Transaction, space_id: UUID) -> UUID | None:
    """Who has owned a team space the longest; nobody has a grant on the root of their own space."""
    query = (
        select(Grant.user_id)
        .join(Node, Node.id == Grant.node_id)
        .where(Node.space_id == space_id, Node.parent_id.is_(None))
        .where(Grant.role == Role.OWNER, Grant.user_id.is_not(None))
        .order_by(Grant.id)
        .limit(1)
    )
    return (await tx.execute(query)).scalar()
