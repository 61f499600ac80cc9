"""Access: roles are granted on a node and inherited by everything below it.

The strongest role applies. A personal space has the id of its user, who owns everything in it; a
team space belongs to those its root is granted to. What the caller may not see does not exist for
them: 404. What they may see but not do is 403.

Only this file looks up who has been granted what: see `granted_to`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    any_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from backend.core.database.rows import Db, columns, first, rows
from backend.core.errors import Forbidden, NotFound
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, Node, NodeRow, User, live


class RoleRequired(Forbidden):
    """Your role does not allow this."""

    code = "role_required"


Who = UUID | SQLColumnExpression[UUID] | SQLColumnExpression[UUID | None]
"""A user: the caller, or a column of the enclosing query; null has no role anywhere."""


def granted_to(user_id: Who, grant: type[Grant] = Grant) -> ColumnElement[bool]:
    """SQL: the selected grant applies to a user."""
    return grant.user_id == user_id


def granted_nodes(user_id: UUID, role: Role = Role.VIEWER) -> Select[UUID]:
    """SQL: the ids of the nodes a user has a grant on with at least this role; nothing below."""
    return select(Grant.node_id).where(granted_to(user_id), Grant.role >= role)


def received_grants(user_id: UUID) -> Select[UUID, UUID]:
    """SQL: the `id` and `node_id` of a user's grants."""
    return select(Grant.id, Grant.node_id).where(granted_to(user_id))


def inherited_role(user_id: Who) -> ColumnElement[Role]:
    """SQL: a user's role on the selected node; null if they may not see it.

    In the personal space of a suspended account, everybody is a viewer at most.
    """
    # One array instead of `id OR path`: a single search in the unique index (user_id, node_id).
    lineage = func.array_append(Node.path, Node.id, type_=Node.path.type)
    granted = (
        select(func.max(Grant.role))
        .where(granted_to(user_id), Grant.node_id == any_(lineage))
        .correlate_except(Grant)
        .scalar_subquery()
    )
    # A value, not EXISTS, for which PostgreSQL may read all users; null in a team space.
    active = (
        select(User.is_active).where(User.id == Node.space_id).correlate(Node).scalar_subquery()
    )
    viewer, owner = (literal(role, Grant.role.type) for role in (Role.VIEWER, Role.OWNER))
    return case(
        (Node.space_id == user_id, owner),
        (~active, case((granted.is_not(None), viewer))),
        else_=granted,
    )


def visible_parent(user_id: Who) -> ColumnElement[UUID | None]:
    """SQL: the node's parent, or null if the user may not see it."""
    grant = aliased(Grant)
    sees_parent = or_(
        Node.space_id == user_id,
        select(grant.id)
        .where(granted_to(user_id, grant), grant.node_id == any_(Node.path))
        .correlate(Node)
        .exists(),
    )
    return case((sees_parent, Node.parent_id), else_=None)


async def seen_among(db: Db, user_id: UUID, node_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these files and folders a user may see, trashed or not."""
    wanted = list(node_ids)
    if not wanted:
        return set()
    sees = inherited_role(user_id).is_not(None)
    found = await db.execute(select(Node.id).where(Node.id.in_(wanted), sees))
    return set(found.scalars())


class Granted(NamedTuple):
    """When a user was given a role on a node."""

    node_id: UUID
    since: datetime


async def granted_since(db: Db, user_id: UUID, node_ids: Sequence[UUID]) -> list[Granted]:
    """The user's grants on these nodes themselves: what they inherit is not included."""
    query = select(Grant.node_id, Grant.created_at.label("since"))
    return await rows(
        db, Granted, query.where(granted_to(user_id), Grant.node_id.in_(list(node_ids)))
    )


class SeenNode(NamedTuple):
    """A file or folder, and the role of the user who reads it."""

    id: UUID
    space_id: UUID
    parent_id: UUID | None
    path: list[UUID]
    kind: NodeKind
    name: str
    size: int
    content_type: str | None
    current_version_id: UUID | None
    trashed_at: datetime | None
    trash_root_id: UUID | None
    role: Role


def seen_by(user_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select `SeenNode`: every node a user may see, trashed or not; narrow it with `where`."""
    role = inherited_role(user_id)
    return select(*columns(NodeRow, Node), role.label("role")).where(role.is_not(None))


async def require(
    db: Db,
    user_id: UUID,
    node_id: UUID,
    role: Role,
    *,
    kind: NodeKind | None = None,
    trashed: bool | None = False,
    hold: bool = False,
) -> SeenNode:
    """Return the node and the caller's role on it, if that is `role` or stronger.

    Args:
        db: where to run the query.
        user_id: the caller.
        node_id: the file or folder.
        role: the weakest role that suffices.
        kind: only a file, or only a folder.
        trashed: look in the trash instead of among live nodes; None looks in both.
        hold: keep the node from being deleted until the transaction ends, and wait for a deletion
            that has begun. Required before inserting a row that refers to the node, unless the
            transaction holds the tree's lock.

    Raises:
        NotFound: there is no such node, it is of another kind, or the caller may not see it.
        RoleRequired: the caller's role is weaker.
    """
    query = seen_by(user_id).where(Node.id == node_id)
    if trashed is not None:
        query = query.where(Node.trashed_at.is_not(None) if trashed else live)
    if kind is not None:
        query = query.where(Node.kind == kind)
    if hold:  # the lock that the foreign key of the new row takes
        query = query.with_for_update(read=True, key_share=True, of=Node)
    node = await first(db, SeenNode, query)
    if node is None:
        raise NotFound
    if node.role < role:
        raise RoleRequired(f"This requires the role {role.name.lower()}.")
    return node
