"""LOG_SQL: what the database was asked, how long it took, and never with which values."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from sqlalchemy import String, bindparam, column, literal, select, text
from sqlalchemy.exc import DBAPIError

from backend.core.database.engine import Database, fetch
from backend.core.database.prepared import Prepared
from backend.core.observability.logs import configure_logs
from backend.core.settings import DatabaseSettings, Settings

SECRET = "seven grey herons"


class Echo(NamedTuple):
    echo: str


ECHO = select(bindparam("value", type_=String).label("echo"))


@asynccontextmanager
async def listening(settings: Settings, *, log_sql: bool = True) -> AsyncIterator[Database]:
    """A database of its own; all it has to say is said at the end of the block."""
    configure_logs(settings)
    database = Database(settings.database.model_copy(update={"log_sql": log_sql}))
    yield database
    await database.close()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    output = capsys.readouterr().out
    assert SECRET not in output
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "sql"]


async def test_a_transaction_with_all_that_happens_in_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with listening(settings) as database, database.transaction() as tx:
        await tx.execute(ECHO, {"value": SECRET})

    lines = logged(capsys)
    own = [line["statement"] for line in lines if "pg_catalog" not in line["statement"]]
    assert own[-3].startswith("BEGIN")
    assert own[-2] == "SELECT $1::VARCHAR AS echo"
    assert own[-1].startswith("COMMIT")
    assert all(line["ms"] >= 0 for line in lines)


async def test_a_prepared_statement(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with listening(settings) as database:
        await fetch(database.autocommit, Prepared(Echo, ECHO), value=SECRET)

    assert [line["statement"] for line in logged(capsys)] == ["SELECT $1::VARCHAR AS echo"]


async def test_a_statement_that_fails(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = select(literal(1) / column("n")).select_from(text("(SELECT 0 AS n) AS numbers"))

    async with listening(settings) as database:
        with pytest.raises(DBAPIError):
            await database.autocommit.execute(failing.where(literal(SECRET) != ""))

    assert logged(capsys)[-1]["error"] == "DivisionByZeroError"


async def test_nothing_unless_asked_for(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with listening(settings, log_sql=False) as database:
        await fetch(database.autocommit, Prepared(Echo, ECHO), value=SECRET)

    assert logged(capsys) == []


async def test_an_error_names_no_values(settings: Settings) -> None:
    async with listening(settings) as database:
        with pytest.raises(DBAPIError) as error:
            await database.autocommit.execute(text("SELECT 1 / 0 WHERE :x <> ''"), {"x": SECRET})

    assert SECRET not in str(error.value)


def test_is_asked_for_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_SQL", "true")

    assert DatabaseSettings().log_sql
