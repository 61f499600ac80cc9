"""May I? Roles are granted on a node and inherited by everything below it.

The strongest role wins, and the owner of the tree is always its owner. What the caller cannot see
does not exist for them: 404. What they see but may not do is 403.
"""

from typing import Any
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
from sqlalchemy.engine import Row
from sqlalchemy.orm import aliased

from backend.core.database.rows import Db
from backend.core.errors import Forbidden, NotFound
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, Node, live


class RoleRequired(Forbidden):
    """Your role here does not allow this."""

    code = "role_required"


def inherited_role(user_id: UUID | SQLColumnExpression[UUID]) -> ColumnElement[Role]:
    """SQL: a user's role on the selected node; null where they may not see it.

    The user is the caller, or a column of the query around it.
    """
    # One array, not `id OR path`: a single search in the unique index of (user_id, node_id).
    lineage = func.array_append(Node.path, Node.id, type_=Node.path.type)
    granted = (
        select(func.max(Grant.role))
        .where(Grant.user_id == user_id, Grant.node_id == any_(lineage))
        .correlate_except(Grant)
        .scalar_subquery()
    )
    return case((Node.owner_id == user_id, literal(Role.OWNER, Grant.role.type)), else_=granted)


def visible_parent(user_id: UUID | SQLColumnExpression[UUID]) -> ColumnElement[UUID | None]:
    """SQL: the node's parent, or null where the caller's sight begins at the node itself."""
    grant = aliased(Grant)
    sees_parent = or_(
        Node.owner_id == user_id,
        select(grant.id)
        .where(grant.user_id == user_id, grant.node_id == any_(Node.path))
        .correlate(Node)
        .exists(),
    )
    return case((sees_parent, Node.parent_id), else_=None)


def node_query(user_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select nodes, every column, with the caller's `role` on each."""
    return select(*Node.__table__.columns, inherited_role(user_id).label("role"))


async def require(
    db: Db,
    user_id: UUID,
    node_id: UUID,
    role: Role,
    *,
    kind: NodeKind | None = None,
    trashed: bool = False,
) -> Row[Any]:
    """Return the node's columns and the caller's `role`, if that is `role` or stronger.

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
    query = node_query(user_id).where(Node.id == node_id, place)
    if kind is not None:
        query = query.where(Node.kind == kind)
    node = (await db.execute(query)).first()
    if node is None or node.role is None:
        raise NotFound
    if node.role < role:
        raise RoleRequired(f"This needs the role {role.name.lower()}.")
    return node
