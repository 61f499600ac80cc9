"""What is in a folder: files and folders together, in one order."""

from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Uuid,
    bindparam,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.database.engine import fetch
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.http.pages import Documents, cut_page
from backend.features.tree.nodes import USER_ID, NodeView, document, node_select
from backend.kit.cursors import InvalidCursor, decode_cursor, encode_cursor
from backend.kit.vocabulary import NodeKind
from backend.models import Node, live
from backend.rules.access import inherited_role

FOLDER_ID = bindparam("folder_id", type_=Uuid())

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
) -> Documents:
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
    values = {} if cursor is None else _last_seen(sort, cursor)
    rows = await fetch(
        db,
        listing(sort, kind, continued=cursor is not None),
        user_id=user_id,
        folder_id=folder_id,
        rows=limit + 1,
        **values,
    )
    if not rows:
        raise NotFound
    # A folder without children is one row of nulls.
    found = rows if rows[0].id else []
    page, next_cursor = cut_page(found, limit, lambda row: _cursor_of(sort, row))
    return Documents([document(row) for row in page], next_cursor)


@cache
def listing(sort: Sort, kind: NodeKind | None, *, continued: bool) -> Prepared[NodeView]:
    """The listing in this order, one statement for each way to ask."""
    children = node_select(USER_ID).where(Node.parent_id == FOLDER_ID, live)
    if kind is not None:
        # Written out, so that the planner sees that the index of the subfolders will do.
        children = children.where(Node.kind == literal_column(f"'{kind.value}'"))
    if continued:
        children = children.where(_beyond(sort))
    order = _order(sort, KEYS[sort.removeprefix("-")])
    limited = children.order_by(*order).limit(bindparam("rows", type_=Integer()))
    return Prepared(NodeView, _if_visible(limited, sort))


def _order(sort: Sort, columns: tuple[Any, ...]) -> list[Any]:
    return [column.desc() if sort.startswith("-") else column.asc() for column in columns]


def _beyond(sort: Sort) -> ColumnElement[bool]:
    columns = KEYS[sort.removeprefix("-")]
    last = tuple_(*(bindparam(f"last_{key.key}", type_=key.type) for key in columns))
    return tuple_(*columns) < last if sort.startswith("-") else tuple_(*columns) > last


def _last_seen(sort: Sort, cursor: str) -> dict[str, Any]:
    """The values of `_beyond`."""
    name = sort.removeprefix("-")
    given, *values = decode_cursor(cursor, str, *TYPES[name])
    if given != sort:
        raise InvalidCursor(given)
    return {f"last_{key.key}": value for key, value in zip(KEYS[name], values, strict=True)}


def _if_visible(children: Select[*tuple[Any, ...]], sort: Sort) -> Select[*tuple[Any, ...]]:
    """The children beside the folder: no row at all when the caller cannot see it."""
    visible = (
        select(Node.id.label("folder"))
        .where(
            Node.id == FOLDER_ID,
            Node.kind == NodeKind.FOLDER,
            live,
            inherited_role(USER_ID).is_not(None),
        )
        .subquery("visible")
    )
    child = children.lateral("child")
    order = _order(sort, tuple(child.c[column.key] for column in KEYS[sort.removeprefix("-")]))
    return select(child).select_from(visible.outerjoin(child, true())).order_by(*order)


def _cursor_of(sort: Sort, row: NodeView) -> str:
    return encode_cursor(
        sort, *(getattr(row, column.key) for column in KEYS[sort.removeprefix("-")])
    )
