"""What PostgreSQL may say to a single statement, and what becomes of it."""

from typing import Any, NamedTuple

import asyncpg
import pytest
from sqlalchemy import ColumnElement, column, select, text

from backend.core.database.engine import fetch
from backend.core.database.prepared import Prepared
from backend.core.errors import DependencyUnavailable
from backend.core.services import Services

RAISES = """
CREATE OR REPLACE FUNCTION pg_temp_raise(code text) RETURNS int LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = code; END $$
"""


class Number(NamedTuple):
    n: int


async def ask(services: Services, sqlstate: str) -> None:
    await services.database.autocommit.execute(text(RAISES))
    number: ColumnElement[Any] = column("n")
    statement = select(number).select_from(text(f"pg_temp_raise('{sqlstate}') AS n"))
    await fetch(services.database.autocommit, Prepared(Number, statement))


@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "53300", "55P03", "57014"])
async def test_not_now_is_a_503(services: Services, sqlstate: str) -> None:
    with pytest.raises(DependencyUnavailable):
        await ask(services, sqlstate)


async def test_not_so_is_our_fault(services: Services) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await ask(services, "22012")
