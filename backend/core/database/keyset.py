"""Lists in pages: each page continues where the last one ended, however deep in the list.

    NEWEST = descending(id=Link.id)
    links, next_cursor = await NEWEST.fetch(db, LinkRow, query, limit, cursor)

A query with several branches uses the steps of `fetch`: `narrow` on each branch, so that its index
yields the page without a full sort, and `cut` on what the statement returns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.database.rows import Db, rows
from backend.kit.cursors import InvalidCursor, decode_cursor, encode_cursor

R = TypeVar("R")
Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order in which every row has a unique place.

    The keys of `columns` are the field names of the fetched rows. `name` goes into the cursors of a
    list that has several orders, so that a cursor of one order is not used with another.
    """

    columns: Mapping[str, Column]
    is_descending: bool
    name: str | None = None

    def order(self, source: FromClause | None = None) -> list[ColumnElement[Any]]:
        """What to sort by: the columns, or those of the same names in a subquery."""
        columns = self.columns.values() if source is None else [source.c[it] for it in self.columns]
        return [column.desc() if self.is_descending else column.asc() for column in columns]

    def read(self, cursor: str) -> tuple[Any, ...]:
        """The place at which the previous page ended.

        Raises:
            InvalidCursor: it is not from this list, or is from another order of it.
        """
        types = [column.type.python_type for column in self.columns.values()]
        if self.name is None:
            return decode_cursor(cursor, *types)
        name, *values = decode_cursor(cursor, str, *types)
        if name != self.name:
            raise InvalidCursor(name)
        return tuple(values)

    def beyond(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """Whether a row comes after `place`: values, or parameters bound later."""
        columns = self.columns.values()
        ends = [
            value if isinstance(value, ColumnElement) else literal(value, column.type)
            for column, value in zip(columns, place, strict=True)
        ]
        here, there = tuple_(*columns), tuple_(*ends)
        return here < there if self.is_descending else here > there

    def narrow(self, query: Q, limit: int, cursor: str | None = None) -> Q:
        """Sort `query` and keep what follows `cursor`: a page plus one row."""
        if cursor:
            query = query.where(self.beyond(self.read(cursor)))
        return query.order_by(*self.order()).limit(limit + 1)

    def cut(self, rows: Sequence[R], limit: int) -> tuple[Sequence[R], str | None]:
        """Split `limit + 1` fetched rows into a page and the cursor of the next one.

        The extra row only shows that there is more; it is not on the page.
        """
        page = rows[:limit]
        return page, self._cursor_of(page[-1]) if len(rows) > limit else None

    async def fetch(
        self,
        db: Db,
        row: Callable[..., R],
        query: Select[*tuple[Any, ...]],
        limit: int,
        cursor: str | None,
    ) -> tuple[Sequence[R], str | None]:
        """One page of `query`, and the cursor of the next one unless it is the last.

        Raises:
            InvalidCursor: it is not from this list.
        """
        return self.cut(await rows(db, row, self.narrow(query, limit, cursor)), limit)

    def _cursor_of(self, row: object) -> str:
        values = [getattr(row, name) for name in self.columns]
        return encode_cursor(*values) if self.name is None else encode_cursor(self.name, *values)


def ascending(**columns: Column) -> Keyset:
    """Smallest first."""
    return Keyset(columns, is_descending=False)


def descending(**columns: Column) -> Keyset:
    """Largest first; by id, this means newest first, because our ids begin with the time."""
    return Keyset(columns, is_descending=True)
