"""Typed rows: what a query gives has named fields that mypy knows.

A row type is a NamedTuple whose fields are the query's columns, in order. Rows of tables stand
beside them in `models`; a row that only one query gives stands beside that query.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Executable
from sqlalchemy.engine import Result
from sqlalchemy.orm import DeclarativeBase

R = TypeVar("R")


class Db(Protocol):
    """Whatever a query runs on: part of a transaction, or alone."""

    async def execute(self, statement: Executable, parameters: Any = None, /) -> Result[Any]:
        """Run `statement` and return its rows."""


class WrongColumns(TypeError):
    """The query's columns are not the fields of its row type."""


def require_columns(row: Callable[..., Any], columns: Sequence[str]) -> None:
    """Return if these columns make such a row.

    Raises:
        WrongColumns: one is missing, too many, or in another place.
    """
    fields = getattr(row, "_fields", None)
    if fields != tuple(columns):
        raise WrongColumns(f"{row.__name__}{fields} is not made of {tuple(columns)}")


def columns(row: Callable[..., Any], table: type[DeclarativeBase]) -> list[ColumnElement[Any]]:
    """The columns of a table that make a row of this type, in its order and by its names."""
    names: tuple[str, ...] = row._fields  # type: ignore[attr-defined]  # a NamedTuple
    return [table.__table__.c[name].label(name) for name in names]


async def rows(db: Db, row: Callable[..., R], statement: Executable) -> list[R]:
    """Run `statement` and return what it gives.

    Raises:
        WrongColumns: it gives other columns than a `row` has.
    """
    result = await db.execute(statement)
    require_columns(row, list(result.keys()))
    return [row(*found) for found in result]


async def first(db: Db, row: Callable[..., R], statement: Executable) -> R | None:
    """The first of `rows`, or None."""
    found = await rows(db, row, statement)
    return found[0] if found else None


async def only(db: Db, row: Callable[..., R], statement: Executable) -> R:
    """The one row that `statement` is sure to give."""
    (found,) = await rows(db, row, statement)
    return found
