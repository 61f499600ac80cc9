"""Spaces: listing the caller's, and creating one."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, insert, select, union_all
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from backend.core.database.engine import Transaction
from backend.core.database.keyset import ascending
from backend.core.database.rows import Db, first
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.features.spaces.schemas import Space
from backend.features.tree.nodes import ROLE_NAMES
from backend.kit.ids import uuid7
from backend.kit.text.names import name_key
from backend.kit.vocabulary import NodeKind, Role, SpaceKind
from backend.models import Node, live
from backend.models import Space as SpaceRow
from backend.rules import access

PERSONAL_NAME = "My files"
OWN_FIRST = ascending(kind=SpaceRow.kind, id=SpaceRow.id)
"""Sorted by kind, so the personal space comes before team spaces."""


class _SeenSpace(NamedTuple):
    id: UUID
    kind: SpaceKind
    name: str | None
    quota_bytes: int
    used_bytes: int
    reserved_bytes: int
    created_at: datetime
    root_id: UUID
    role: Role
    file_count: int


async def create_space(
    tx: Transaction, space_id: UUID, kind: SpaceKind, quota_bytes: int, *, name: str | None = None
) -> UUID:
    """Create a space and its root folder, which contains everything; return the folder's id.

    Args:
        tx: the caller's transaction.
        space_id: a new id, or the user's for a personal space.
        kind: a team space is visible to the users its root is granted to.
        quota_bytes: the largest total size of its tree.
        name: as `kit.text.names.clean_name` returns it; only team spaces have one.
    """
    row = postgresql.insert(SpaceRow).values(
        id=space_id, kind=kind, name=name, quota_bytes=quota_bytes
    )
    # While the previous release may still run, a trigger has already created the space.
    await tx.execute(
        row.on_conflict_do_update(index_elements=[SpaceRow.id], set_={"quota_bytes": quota_bytes})
    )
    root_id, root_name = uuid7(), name or PERSONAL_NAME
    await tx.execute(
        insert(Node).values(
            id=root_id,
            space_id=space_id,
            path=[],
            kind=NodeKind.FOLDER,
            name=root_name,
            name_key=name_key(root_name),
        )
    )
    return root_id


async def list_spaces(db: Db, user_id: UUID, *, limit: int, cursor: str | None) -> Page[Space]:
    """One page of the caller's personal space and visible team spaces, in one statement.

    Raises:
        InvalidCursor: it is not from this list.
    """
    page, next_cursor = await OWN_FIRST.fetch(db, _SeenSpace, _visible(user_id), limit, cursor)
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


async def get_space(db: Db, user_id: UUID, space_id: UUID) -> Space:
    """One space, in one statement.

    Raises:
        NotFound: there is no such space, or the caller may not see it.
    """
    row = await first(db, _SeenSpace, _visible(user_id).where(SpaceRow.id == space_id))
    if row is None:
        raise NotFound
    return _present(row)


def _visible(user_id: UUID) -> Select[*tuple[Any, ...]]:
    """The caller's personal space and those whose root is granted, with what `_present` needs.

    A personal space is listed only for its user, even if they share its root.
    """
    roots = union_all(
        select(Node.id).where(Node.space_id == user_id, Node.parent_id.is_(None)),
        select(Node.id)
        .join(SpaceRow, SpaceRow.id == Node.space_id)
        .where(
            Node.id.in_(access.granted_nodes(user_id)),
            Node.parent_id.is_(None),
            SpaceRow.kind == SpaceKind.TEAM,
        ),
    ).subquery("roots")
    file = aliased(Node)
    files = (
        select(func.count())
        .where(file.space_id == SpaceRow.id, file.kind == NodeKind.FILE, file.trashed_at.is_(None))
        .correlate(SpaceRow)
        .scalar_subquery()
    )
    return (
        select(
            SpaceRow.id,
            SpaceRow.kind,
            SpaceRow.name,
            SpaceRow.quota_bytes,
            SpaceRow.used_bytes,
            SpaceRow.reserved_bytes,
            SpaceRow.created_at,
            Node.id.label("root_id"),
            access.inherited_role(user_id).label("role"),
            files.label("file_count"),
        )
        .join(Node, Node.space_id == SpaceRow.id)
        .join(roots, roots.c.id == Node.id)
        .where(live)
    )


def _present(row: _SeenSpace) -> Space:
    taken = row.used_bytes + row.reserved_bytes
    return Space(
        id=row.id,
        kind=row.kind,
        name=row.name or PERSONAL_NAME,
        root_id=row.root_id,
        role=ROLE_NAMES[row.role],
        quota_bytes=row.quota_bytes,
        used_bytes=row.used_bytes,
        reserved_bytes=row.reserved_bytes,
        # An administrator may set the quota below what is used.
        available_bytes=max(0, row.quota_bytes - taken),
        file_count=row.file_count,
        created_at=row.created_at,
    )
