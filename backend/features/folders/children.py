"""What is in a folder: files and folders together, in one order."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, bindparam, literal, select, true, tuple_
from sqlalchemy.engine import Row
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.db import Db
from backend.core.errors import NotFound
from backend.core.schema import Page, cut_page
from backend.features.folders.nodes import node_select, present
from backend.features.folders.schemas import Node as NodeSchema
from backend.kit.cursors import InvalidCursor, decode_cursor, encode_cursor
from backend.models import Node, NodeKind, live
from backend.rules.access import inherited_role

Sort = Literal["name", "-name", "updated_at", "-updated_at", "size", "-size"]

# Names are unique within a folder; what is not gets the id as a tie-break.
KEYS: dict[str, tuple[InstrumentedAttribute[Any], ...]] = {
    "name": (Node.name_key,),
    "updated_at": (Node.updated_at, Node.id),
    "size": (Node.size, Node.id),
}
TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "updated_at": (datetime, UUID),
    "size": (int, UUID),
}


async def list_children(
    db: Db,
    user_id: UUID,
    folder_id: UUID,
    *,
    sort: Sort = "name",
    kind: NodeKind | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[NodeSchema]:
    """One page of a folder, its access check included in the one statement.

    Args:
        db: what to ask.
        user_id: the caller.
        folder_id: the folder.
        sort: names by code point of their case-folded form; folders have size 0.
        kind: only files, or only folders.
        limit: how many.
        cursor: where the page before ended, in the same sort order.

    Raises:
        NotFound: no such folder, or invisible to the caller.
        InvalidCursor: not from this list, or from another sort order.
    """
    children = _children(user_id, folder_id, sort, kind).limit(limit + 1)
    if cursor is not None:
        children = children.where(_beyond(sort, cursor))
    rows = (await db.execute(_if_visible(user_id, folder_id, children, sort))).all()
    if not rows:
        raise NotFound
    # A folder without children is one row of nulls.
    found = rows if rows[0].id else []
    page, next_cursor = cut_page(found, limit, lambda row: _cursor_of(sort, row))
    return Page(items=[present(row) for row in page], next_cursor=next_cursor)


def _children(
    user_id: UUID, folder_id: UUID, sort: Sort, kind: NodeKind | None
) -> Select[*tuple[Any, ...]]:
    query = node_select(user_id).where(Node.parent_id == folder_id, live)
    if kind is not None:
        # Written out, so that the planner sees that the index of the subfolders will do.
        query = query.where(Node.kind == bindparam("kind", kind.value, literal_execute=True))
    return query.order_by(*_order(sort, KEYS[sort.removeprefix("-")]))


def _order(sort: Sort, columns: tuple[Any, ...]) -> list[Any]:
    return [column.desc() if sort.startswith("-") else column.asc() for column in columns]


def _beyond(sort: Sort, cursor: str) -> Any:
    columns = KEYS[sort.removeprefix("-")]
    given, *values = decode_cursor(cursor, str, *TYPES[sort.removeprefix("-")])
    if given != sort:
        raise InvalidCursor(given)
    last = tuple_(*(literal(value, key.type) for value, key in zip(values, columns, strict=True)))
    return tuple_(*columns) < last if sort.startswith("-") else tuple_(*columns) > last


def _if_visible(
    user_id: UUID, folder_id: UUID, children: Select[*tuple[Any, ...]], sort: Sort
) -> Select[*tuple[Any, ...]]:
    """The children beside the folder: no row at all when the caller cannot see it."""
    visible = (
        select(Node.id.label("folder"))
        .where(
            Node.id == folder_id,
            Node.kind == NodeKind.FOLDER,
            live,
            inherited_role(user_id).is_not(None),
        )
        .subquery("visible")
    )
    child = children.lateral("child")
    order = _order(sort, tuple(child.c[column.key] for column in KEYS[sort.removeprefix("-")]))
    return select(child).select_from(visible.outerjoin(child, true())).order_by(*order)


def _cursor_of(sort: Sort, row: Row[Any]) -> str:
    return encode_cursor(
        sort, *(getattr(row, column.key) for column in KEYS[sort.removeprefix("-")])
    )
