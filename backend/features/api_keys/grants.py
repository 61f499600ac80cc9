"""What a key has given others: the links it made and the roles it gave, listed and ended."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, func, literal, null, select, union_all

from backend.core.database.engine import Transaction
from backend.core.database.keyset import descending
from backend.core.database.rows import Db, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.features.api_keys.schemas import KeyGrant
from backend.features.links.service import revoke_links
from backend.features.shares.service import remove_shares
from backend.kit.vocabulary import Role
from backend.models import ApiKey, Grant, Link, Node, User
from backend.rules.access import inherited_role
from backend.rules.principal import Principal

SHARES, LINKS = descending(id=Grant.id), descending(id=Link.id)
"""Two orders that are one: the ids of both kinds sort by time."""


class _Given(NamedTuple):
    id: UUID
    kind: str
    node_id: UUID
    email: str | None
    role: Role | None
    created_at: datetime


async def list_grants(
    db: Db, user_id: UUID, key_id: UUID, limit: int, cursor: str | None
) -> Page[KeyGrant]:
    """What one of the caller's keys has given and still stands, newest first.

    Raises:
        NotFound: no such key, or somebody else's.
    """
    own = select(ApiKey.id).where(ApiKey.id == key_id, ApiKey.user_id == user_id)
    if (await db.execute(own)).first() is None:
        raise NotFound
    shares = SHARES.narrow(_shares(user_id, key_id), limit, cursor)
    links = LINKS.narrow(_links(key_id), limit, cursor)
    both = union_all(select(shares.subquery()), select(links.subquery())).subquery()
    page = select(both).order_by(both.c.id.desc()).limit(limit + 1)
    given, next_cursor = SHARES.cut(await rows(db, _Given, page), limit)
    return Page(items=[_present(one) for one in given], next_cursor=next_cursor)


async def end_grants(tx: Transaction, principal: Principal, key_id: UUID) -> None:
    """End what `list_grants` lists. The caller holds the key's row: nothing is added meanwhile."""
    actor = principal.actor
    await remove_shares(tx, actor, *_given_by(principal.user_id, key_id))
    await revoke_links(tx, actor, Link.api_key_id == key_id)


def _shares(user_id: UUID, key_id: UUID) -> Select[*tuple[Any, ...]]:
    email = func.coalesce(User.email, Grant.email).label("email")
    kind = literal("share").label("kind")
    return (
        select(Grant.id, kind, Grant.node_id, email, Grant.role, Grant.created_at)
        .outerjoin(User, User.id == Grant.user_id)
        .where(*_given_by(user_id, key_id))
    )


def _given_by(user_id: UUID, key_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """SQL: grants by a key on what its owner still owns; elsewhere they are others' to decide."""
    owned = select(Node.id).where(Node.id == Grant.node_id, inherited_role(user_id) == Role.OWNER)
    return Grant.api_key_id == key_id, owned.correlate(Grant).exists()


def _links(key_id: UUID) -> Select[*tuple[Any, ...]]:
    # PostgreSQL would take a bare null of a subquery for text.
    email = cast(null(), Grant.email.type).label("email")
    role = cast(null(), Grant.role.type).label("role")
    kind = literal("link").label("kind")
    return select(Link.id, kind, Link.node_id, email, role, Link.created_at).where(
        Link.api_key_id == key_id, Link.revoked_at.is_(None)
    )


def _present(one: _Given) -> KeyGrant:
    return KeyGrant(**one._asdict() | {"role": one.role.name.lower() if one.role else None})
