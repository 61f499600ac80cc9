"""Browsing the folders of a folder link."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, Select, func, literal, literal_column, select, union_all

from backend.core.database.keyset import ascending
from backend.core.database.rows import Db, first, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.features.links.opening import OpenedLink, below
from backend.features.links.schemas import PublicItem
from backend.kit.vocabulary import NodeKind
from backend.models import Node, live

KINDS = (NodeKind.FOLDER, NodeKind.FILE)
"""In listing order."""
BY_NAME = ascending(name_key=Node.name_key, id=Node.id)
BY_KIND = ascending(rank=literal_column("rank", Integer), **BY_NAME.columns)


class LinkedFolder(NamedTuple):
    """A folder in a link's tree."""

    id: UUID
    name: str
    path: list[UUID]


class _Child(NamedTuple):
    id: UUID
    kind: NodeKind
    name: str
    name_key: str
    size: int
    content_type: str | None
    updated_at: datetime
    rank: int


async def find_folder(db: Db, link: OpenedLink, folder_id: UUID | None) -> LinkedFolder:
    """A folder in the link's tree, by default the linked one: its id, name and path.

    Raises:
        NotFound: it is outside the link, in the trash, or a file.
    """
    query = select(Node.id, Node.name, Node.path).where(
        Node.id == (folder_id or link.node_id),
        Node.kind == NodeKind.FOLDER,
        live,
        below(link.node_id),
    )
    if (folder := await first(db, LinkedFolder, query)) is None:
        raise NotFound("There is no such folder in this link.")
    return folder


async def list_children(
    db: Db, folder_id: UUID, limit: int, cursor: str | None
) -> Page[PublicItem]:
    """The contents of a folder: folders first, then files, each by name."""
    after = BY_KIND.read(cursor) if cursor else (0, "", UUID(int=0))
    parts = [_children(folder_id, rank, after, limit) for rank in range(len(KINDS))]
    either = union_all(*(select(part.subquery()) for part in parts)).subquery()
    query = select(either).order_by(*BY_KIND.order(either)).limit(limit + 1)
    page, next_cursor = BY_KIND.cut(await rows(db, _Child, query), limit)
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


def _children(
    folder_id: UUID, rank: int, after: tuple[Any, ...], limit: int
) -> Select[*tuple[Any, ...]]:
    """One kind's share of a page, read along an index, so a large folder is never fully sorted."""
    after_rank, *after_place = after
    query = (
        select(Node.id, Node.kind, Node.name, Node.name_key, Node.size)
        .add_columns(Node.content_type, Node.updated_at, literal(rank).label("rank"))
        .where(Node.parent_id == folder_id, Node.kind == KINDS[rank], live, rank >= after_rank)
    )
    if rank == after_rank:
        query = query.where(BY_NAME.beyond(after_place))
    return BY_NAME.narrow(query, limit)


async def trail(db: Db, link: OpenedLink, folder: LinkedFolder) -> list[LinkedFolder]:
    """The folders from the linked one down to the parent of `folder`."""
    ids = [*folder.path, folder.id]
    above = ids[ids.index(link.node_id) : -1]
    query = (
        select(Node.id, Node.name, Node.path)
        .where(Node.id.in_(above))
        .order_by(func.cardinality(Node.path))
    )
    return await rows(db, LinkedFolder, query) if above else []


def _present(row: _Child) -> PublicItem:
    is_file = row.kind is NodeKind.FILE
    return PublicItem(
        id=row.id,
        kind=row.kind,
        name=row.name,
        size=row.size if is_file else None,
        content_type=row.content_type,
        updated_at=row.updated_at,
    )
