"""Whoever waits for a connection gets the next one: nobody who comes later passes."""

import asyncio

from pydantic import SecretStr
from sqlalchemy import literal, select

from backend.core.db import Database, fetch_one
from backend.core.prepared import Prepared
from backend.core.settings import DatabaseSettings

ONE = Prepared(select(literal(1).label("one")))


async def test_nobody_is_passed_by_many(database_url: str) -> None:
    database = Database(DatabaseSettings(url=SecretStr(database_url), pool_size=10))
    await asyncio.gather(*(fetch_one(database.autocommit, ONE) for _ in range(10)))  # connect
    answered = most = 0

    async def ask() -> None:
        nonlocal answered, most
        while answered < 5_000:
            before = answered
            await fetch_one(database.autocommit, ONE)
            answered += 1
            most = max(most, answered - before)

    await asyncio.gather(*(ask() for _ in range(64)))
    await database.close()
    assert most <= 4 * 64
