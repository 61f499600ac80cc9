"""Whoever waits for a connection gets the next one, or hears in time that there is none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from backend.core.database.engine import Database, fetch_one
from backend.core.database.prepared import Prepared
from backend.core.errors import DependencyUnavailable
from backend.core.settings import DatabaseSettings


class Nap(NamedTuple):
    slept: None


Ask = Callable[[Database, float], Coroutine[Any, Any, object]]


async def prepared(database: Database, seconds: float) -> None:
    """A prepared statement."""
    nap = Prepared(Nap, select(func.pg_sleep(seconds).label("slept")))
    await fetch_one(database.autocommit, nap)


async def single(database: Database, seconds: float) -> None:
    """A single statement."""
    await database.autocommit.execute(select(func.pg_sleep(seconds)))


async def transaction(database: Database, seconds: float) -> None:
    """A transaction."""
    async with database.transaction() as tx:
        await tx.execute(select(func.pg_sleep(seconds)))


ways = pytest.mark.parametrize("ask", [prepared, single, transaction])


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    settings = DatabaseSettings(
        url=SecretStr(database_url), pool_size=4, max_overflow=0, pool_timeout=30
    )
    database = Database(settings)
    yield database
    await database.close()


@ways
async def test_nobody_is_passed_by_many(database: Database, ask: Ask) -> None:
    clients = 32
    await asyncio.gather(*(ask(database, 0.3) for _ in range(4)))  # connect, all of them
    answered = most = 0

    async def keep_asking() -> None:
        nonlocal answered, most
        while answered < 1_500:
            before = answered
            await ask(database, 0)
            answered += 1
            most = max(most, answered - before)

    await asyncio.gather(*(keep_asking() for _ in range(clients)))
    assert most <= 4 * clients


@ways
async def test_waiting_is_bounded(database_url: str, ask: Ask) -> None:
    settings = DatabaseSettings(
        url=SecretStr(database_url), pool_size=1, max_overflow=0, pool_timeout=0.2
    )
    database = Database(settings)
    holder = asyncio.create_task(ask(database, 3))
    await asyncio.sleep(0.1)
    with pytest.raises(DependencyUnavailable):
        await ask(database, 0)
    assert not holder.done()
    await holder
    await database.close()
