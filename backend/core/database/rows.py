"""Typed rows: what a query returns has named fields that mypy knows.

A row type is a NamedTuple whose fields are the query's columns, in order. Row types of tables are
next to them in `models`; a row type that only one query returns is next to that query.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Executable
from sqlalchemy.engine import Result
from sqlalchemy.orm import DeclarativeBase

R = TypeVar("R")


class Db(Protocol):
    """What a query runs on: a transaction, or autocommit."""

    async def execute(self, statement: Executable, parameters: Any = None, /) -> Result[Any]:
        """Run `statement` and return its rows."""


class WrongColumns(TypeError):
    """The query's columns are not the fields of its row type."""


def require_columns(row: Callable[..., Any], columns: Sequence[str]) -> None:
    """Check that these columns make such a row.

    Raises:
        WrongColumns: one is missing, superfluous or out of order.
    """
    fields = getattr(row, "_fields", None)
    if fields != tuple(columns):
        raise WrongColumns(f"{row.__name__}{fields} is not made of {tuple(columns)}")


def columns(row: Callable[..., Any], table: type[DeclarativeBase]) -> list[ColumnElement[Any]]:
    """The columns of a table that make a row of this type, with its order and names."""
    names: tuple[str, ...] = row._fields  # type: ignore[attr-defined]  # a NamedTuple
    return [table.__table__.c[name].label(name) for name in names]


async def rows(db: Db, row: Callable[..., R], statement: Executable) -> list[R]:
    """Run `statement` and return its rows.

    Raises:
        WrongColumns: its columns are not the fields of `row`.
    """
    result = await db.execute(statement)
    require_columns(row, list(result.keys()))
    return [row(*found) for found in result]


async def first(db: Db, row: Callable[..., R], statement: Executable) -> R | None:
    """The first of `rows`, or None."""
    found = await rows(db, row, statement)
    return found[0] if found else None


async def only(db: Db, row: Callable[..., R], statement: Executable) -> R:
    """The one row of a statement that always returns exactly one."""
    (found,) = await rows(db, row, statement)
    return found
