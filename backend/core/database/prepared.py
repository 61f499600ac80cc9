"""Prepared statements: what hot paths run, in one round trip and with little of our own in it.

SQLAlchemy spends about 0.4 ms of CPU on running a statement (building it, finding it in the cache
of compiled ones, a greenlet, a result); asyncpg alone 0.1 ms. So a statement that every other
request runs is written once as a constant, compiled at its first use, and handed to asyncpg.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg as dialects

DIALECT = dialects.dialect()  # type: ignore[no-untyped-call]

Processor = Callable[[Any], Any] | None


class Prepared:
    """A Core statement whose values are all given by name when it runs (`bindparam`).

    It must hold no list of unknown length: write `== any_(bindparam(..., ARRAY))` for `in_`.
    """

    def __init__(self, statement: Executable) -> None:
        self.statement = statement

    @cached_property
    def sql(self) -> str:
        """The statement in PostgreSQL's words, its values `$1`, `$2`, …"""
        return str(self._compiled)

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of `sql`, as asyncpg takes them."""
        return [
            constant if constant is not None else _processed(process, values[name])
            for name, constant, process in self._places
        ]

    @cached_property
    def _compiled(self) -> Any:
        return self.statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]

    @cached_property
    def _places(self) -> list[tuple[str, Any, Processor]]:
        """For each `$n`: the name of its value, or the value itself where the statement has it."""
        places: list[tuple[str, Any, Processor]] = []
        for name in self._compiled.positiontup:
            bind = self._compiled.binds[name]
            process = bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)
            constant = None if bind.required else _processed(process, bind.value)
            places.append((name, constant, process))
        return places


def _processed(process: Processor, value: Any) -> Any:
    return process(value) if process else value


class Record(asyncpg.Record):
    """A row whose columns are attributes, as SQLAlchemy's are."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None
