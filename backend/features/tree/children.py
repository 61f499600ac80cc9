"""The contents of a folder: files and folders together, in one order."""

from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    Integer,
    Select,
    Uuid,
    bindparam,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.database.engine import fetch
from backend.core.database.keyset import Keyset
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.http.pages import Documents
from backend.features.tree.nodes import USER_ID, NodeView, document, node_select
from backend.kit.vocabulary import NodeKind
from backend.models import Node, live
from backend.rules.access import inherited_role

FOLDER_ID = bindparam("folder_id", type_=Uuid())

Sort = Literal["name", "-name", "updated_at", "-updated_at", "size", "-size"]

# Names are unique within a folder; other keys use the id as a tie-breaker.
KEYS: dict[str, dict[str, InstrumentedAttribute[Any]]] = {
    "name": {"name_key": Node.name_key},
    "updated_at": {"updated_at": Node.updated_at, "id": Node.id},
    "size": {"size": Node.size, "id": Node.id},
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
    """One page of a folder, in one statement that includes the access check.

    Args:
        db: where to run the query.
        user_id: the caller.
        folder_id: the folder.
        sort: names sort by code point of their case-folded form; folders have size 0.
        kind: only files, or only folders.
        limit: the maximum number of items.
        cursor: where the previous page ended, in the same sort order.

    Raises:
        NotFound: there is no such folder, or the caller may not see it.
        InvalidCursor: it is not from this list, or is from another sort order.
    """
    values = _last_seen(sort, cursor) if cursor else {}
    rows = await fetch(
        db,
        listing(sort, kind, continued=bool(cursor)),
        user_id=user_id,
        folder_id=folder_id,
        rows=limit + 1,
        **values,
    )
    if not rows:
        raise NotFound
    # A folder without children is one row of nulls.
    found = rows if rows[0].id else []
    page, next_cursor = _keyset(sort).cut(found, limit)
    return Documents([document(row) for row in page], next_cursor)


@cache
def listing(sort: Sort, kind: NodeKind | None, *, continued: bool) -> Prepared[NodeView]:
    """The listing in this order, one statement for each combination of arguments."""
    children = node_select(USER_ID).where(Node.parent_id == FOLDER_ID, live)
    if kind is not None:
        # A literal, so that the planner sees that it can use the index of the subfolders.
        children = children.where(Node.kind == literal_column(f"'{kind.value}'"))
    if continued:
        keys = KEYS[sort.removeprefix("-")]
        last = [bindparam(f"last_{name}", type_=key.type) for name, key in keys.items()]
        children = children.where(_keyset(sort).beyond(last))
    limited = children.order_by(*_keyset(sort).order()).limit(bindparam("rows", type_=Integer()))
    return Prepared(NodeView, _if_visible(limited, sort))


def _keyset(sort: Sort) -> Keyset:
    return Keyset(KEYS[sort.removeprefix("-")], is_descending=sort.startswith("-"), name=sort)


def _last_seen(sort: Sort, cursor: str) -> dict[str, Any]:
    """The values that a continued `listing` binds."""
    keyset = _keyset(sort)
    names = (f"last_{name}" for name in keyset.columns)
    return dict(zip(names, keyset.read(cursor), strict=True))


def _if_visible(children: Select[*tuple[Any, ...]], sort: Sort) -> Select[*tuple[Any, ...]]:
    """The children, joined to the folder: no rows at all if the caller may not see it."""
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
    order = _keyset(sort).order(child)
    return select(child).select_from(visible.outerjoin(child, true())).order_by(*order)
