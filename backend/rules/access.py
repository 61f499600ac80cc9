"""May I? Roles are granted on a node and inherited by everything below it.

The strongest role wins. A personal space has its person's id, and they are the owner of everything
in it; a team's space belongs to whom its root is granted. What the caller cannot see does not exist
for them: 404. What they see but may not do is 403.

Nothing but this file asks who has been granted what: see `granted_to`.
"""

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

from backend.core.database.rows import Db, columns, first
from backend.core.errors import Forbidden, NotFound
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, Node, NodeRow, live


class RoleRequired(Forbidden):
    """Your role here does not allow this."""

    code = "role_required"


Who = UUID | SQLColumnExpression[UUID] | SQLColumnExpression[UUID | None]
"""A user: the caller, or a column of the query around; nobody has no role anywhere."""


def granted_to(user_id: Who, grant: type[Grant] = Grant) -> ColumnElement[bool]:
    """SQL: the selected grant counts for a user."""
    return grant.user_id == user_id


def granted_nodes(user_id: UUID, role: Role = Role.VIEWER) -> Select[UUID]:
    """SQL: the ids of what a user has been given this role on, or a stronger one; nothing below."""
    return select(Grant.node_id).where(granted_to(user_id), Grant.role >= role)


def received_grants(user_id: UUID) -> Select[UUID, UUID]:
    """SQL: the `id` and the `node_id` of what a user has been granted."""
    return select(Grant.id, Grant.node_id).where(granted_to(user_id))


def inherited_role(user_id: Who) -> ColumnElement[Role]:
    """SQL: a user's role on the selected node; null where they may not see it."""
    # One array, not `id OR path`: a single search in the unique index of (user_id, node_id).
    lineage = func.array_append(Node.path, Node.id, type_=Node.path.type)
    granted = (
        select(func.max(Grant.role))
        .where(granted_to(user_id), Grant.node_id == any_(lineage))
        .correlate_except(Grant)
        .scalar_subquery()
    )
    return case((Node.space_id == user_id, literal(Role.OWNER, Grant.role.type)), else_=granted)


def visible_parent(user_id: Who) -> ColumnElement[UUID | None]:
    """SQL: the node's parent, or null where the caller's sight begins at the node itself."""
    grant = aliased(Grant)
    sees_parent = or_(
        Node.space_id == user_id,
        select(grant.id)
        .where(granted_to(user_id, grant), grant.node_id == any_(Node.path))
        .correlate(Node)
        .exists(),
    )
    return case((sees_parent, Node.parent_id), else_=None)


class SeenNode(NamedTuple):
    """A file or folder, and the role of whoever looks at it."""

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
    """Select `SeenNode`: every node that a user may see, trashed or not; narrow it."""
    role = inherited_role(user_id)
    return select(*columns(NodeRow, Node), role.label("role")).where(role.is_not(None))


async def require(
    db: Db,
    user_id: UUID,
    node_id: UUID,
    role: Role,
    *,
    kind: NodeKind | None = None,
    trashed: bool = False,
) -> SeenNode:
    """Return the node and the caller's `role`, if that is `role` or stronger.

    Args:
        db: what to ask.
        user_id: the caller.
        node_id: the file or folder.
        role: the weakest role that will do.
        kind: only a file, or only a folder.
        trashed: look in the trash instead of among the live.

    Raises:
        NotFound: no such node, of another kind, or invisible to the caller.
        RoleRequired: visible, but the role is weaker.
    """
    place = Node.trashed_at.is_not(None) if trashed else live
    query = seen_by(user_id).where(Node.id == node_id, place)
    if kind is not None:
        query = query.where(Node.kind == kind)
    node = await first(db, SeenNode, query)
    if node is None:
        raise NotFound
    if node.role < role:
        raise RoleRequired(f"This needs the role {role.name.lower()}.")
    return node
