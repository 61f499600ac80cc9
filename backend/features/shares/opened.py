"""Everything that opens a file or folder, or anything below it, to others."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Select, Subquery, cast, func, literal, null, select, union_all
from sqlalchemy.orm import aliased

from backend.core.database.keyset import descending
from backend.core.database.rows import Db, rows
from backend.core.http.schema import Page
from backend.features.shares.schemas import Opening
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, Link, Node, User
from backend.rules import access
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

SHARES, LINKS = descending(id=Grant.id), descending(id=Link.id)
"""One order over both: ids begin with the time, and no two are the same."""


class _Opening(NamedTuple):
    kind: str
    id: UUID
    node_id: UUID
    node_kind: NodeKind
    node_name: str
    trashed_at: datetime | None
    user_id: UUID | None
    email: str | None
    role: Role | None
    has_password: bool | None
    expires_at: datetime | None
    created_by: UUID | None
    created_by_email: str | None
    created_at: datetime


async def list_openings(
    db: Db, principal: Principal, node_id: UUID, *, kind: NodeKind, limit: int, cursor: str | None
) -> Page[Opening]:
    """Shares and links of the node, of what is below it, and of what is above it; newest first.

    Trashed nodes count: an editor can restore them. Above the node, only what the caller owns is
    looked at, because nobody else may know who has access there.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
    """
    user_id = principal.user_id
    node = await access.require(db, user_id, node_id, Role.OWNER, kind=kind, trashed=None)
    places = _places(user_id, node)
    parts = [
        SHARES.narrow(_shares(places), limit, cursor),
        LINKS.narrow(_links(places), limit, cursor),
    ]
    either = union_all(*(select(part.subquery()) for part in parts)).subquery()
    query = select(either).order_by(*SHARES.order(either)).limit(limit + 1)
    page, next_cursor = SHARES.cut(await rows(db, _Opening, query), limit)
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


def _places(user_id: UUID, node: SeenNode) -> Subquery:
    columns = (Node.id, Node.kind, Node.name, Node.trashed_at)
    lineage = [*node.path, node.id]
    owned = access.inherited_role(user_id) == Role.OWNER
    return union_all(
        select(*columns).where(Node.id.in_(lineage), owned),
        select(*columns).where(Node.space_id == node.space_id, Node.path.contains([node.id])),
    ).subquery("places")


def _shares(places: Subquery) -> Select[*tuple[Any, ...]]:
    creator = aliased(User)
    return (
        select(
            literal("share").label("kind"),
            Grant.id,
            *_place(places),
            Grant.user_id,
            func.coalesce(User.email, Grant.email).label("email"),
            Grant.role,
            cast(null(), Boolean()).label("has_password"),
            cast(null(), Link.expires_at.type).label("expires_at"),
            Grant.created_by,
            creator.email.label("created_by_email"),
            Grant.created_at,
        )
        .join_from(Grant, places, places.c.id == Grant.node_id)
        .outerjoin(User, User.id == Grant.user_id)
        .outerjoin(creator, creator.id == Grant.created_by)
    )


def _links(places: Subquery) -> Select[*tuple[Any, ...]]:
    return (
        select(
            literal("link").label("kind"),
            Link.id,
            *_place(places),
            cast(null(), Grant.user_id.type).label("user_id"),
            cast(null(), User.email.type).label("email"),
            cast(null(), Grant.role.type).label("role"),
            Link.password_hash.is_not(None).label("has_password"),
            Link.expires_at,
            Link.created_by,
            User.email.label("created_by_email"),
            Link.created_at,
        )
        .join_from(Link, places, places.c.id == Link.node_id)
        .outerjoin(User, User.id == Link.created_by)
        .where(Link.revoked_at.is_(None))
    )


def _place(places: Subquery) -> list[Any]:
    node = places.c
    return [
        node.id.label("node_id"),
        node.kind.label("node_kind"),
        node.name.label("node_name"),
        node.trashed_at,
    ]


def _present(row: _Opening) -> Opening:
    shared = row.kind == "share"
    state = ("active" if row.user_id else "invited") if shared else None
    role = row.role.name.lower() if row.role is not None else None
    return Opening.model_validate(row._asdict() | {"role": role, "state": state})
