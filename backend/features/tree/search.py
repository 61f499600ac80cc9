"""Finding files by name and type in everything the caller may see."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, not_, select, union_all

from backend.core.database.keyset import ascending
from backend.core.database.rows import Db
from backend.core.http.pages import Documents
from backend.features.tree.nodes import NodeView, file_document, node_select
from backend.kit.text.names import name_key
from backend.kit.vocabulary import NodeKind
from backend.models import Node, live
from backend.rules.access import granted_nodes

MAX_WORDS = 16
BY_NAME = ascending(name_key=Node.name_key, id=Node.id)
CONTENT_TYPE_PATTERN = r"^[\w!#$&^.+-]+/([\w!#$&^.+-]+|\*)$"

_WILDCARDS = re.compile(r"([\\%_])")
_TRIGRAM = re.compile(r"[^\W_]{3}")


async def search_files(
    db: Db,
    user_id: UUID,
    *,
    q: str = "",
    content_type: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Documents:
    """One page of the caller's files and those shared with them, by name, in one statement.

    Args:
        db: where to run the query.
        user_id: the caller.
        q: words that must all occur in the name, ignoring case; all files if empty.
        content_type: `image/png`, or `image/*`; parameters of the stored type are ignored.
        limit: the maximum number of items.
        cursor: where the previous page ended.

    Raises:
        InvalidCursor: it is not from this list.
    """
    where = [Node.kind == NodeKind.FILE, live, *_named(q)]
    if content_type:
        where.append(_of_type(content_type))
    branches = [
        BY_NAME.narrow(branch.where(*where), limit, cursor).subquery().select()
        for branch in _visible(user_id)
    ]
    found = union_all(*branches).subquery("found")
    query = node_select(user_id).join(found, found.c.id == Node.id)
    page, next_cursor = await BY_NAME.fetch(db, NodeView, query, limit, None)
    return Documents([file_document(row) for row in page], next_cursor)


def _visible(user_id: UUID) -> list[Select[*tuple[Any, ...]]]:
    """The caller's own nodes, those shared with them, and those below what is shared with them.

    Three index searches without overlap; an OR of the three could not use the indexes.
    """
    shared = granted_nodes(user_id)
    below = Node.path.overlap(func.array(shared.scalar_subquery(), type_=Node.path.type))
    foreign = Node.space_id != user_id
    return [
        select(Node.id).where(Node.space_id == user_id),
        select(Node.id).where(Node.id.in_(shared), not_(below), foreign),
        select(Node.id).where(below, foreign),
    ]


def _named(q: str) -> list[ColumnElement[bool]]:
    return [_contains(word) for word in name_key(q).split()[:MAX_WORDS]]


def _contains(word: str) -> ColumnElement[bool]:
    if _TRIGRAM.search(word):
        return Node.name_key.like(f"%{_escaped(word)}%")
    # Without a trigram, LIKE would read the whole index: let the owner and the path narrow it.
    return func.strpos(Node.name_key, word) > 0


def _of_type(content_type: str) -> ColumnElement[bool]:
    stored = func.lower(Node.content_type)
    wanted = content_type.lower()
    if wanted.endswith("/*"):
        return stored.like(f"{_escaped(wanted[:-1])}%")
    return func.rtrim(func.split_part(stored, ";", 1)) == wanted


def _escaped(text: str) -> str:
    """`text` escaped so that LIKE matches it literally."""
    return _WILDCARDS.sub(r"\\\1", text)
