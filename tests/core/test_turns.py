"""Whoever waits for a connection gets the next one: nobody who comes later passes."""

import asyncio
from collections import Counter

from pydantic import SecretStr
from sqlalchemy import literal, select

from backend.core.db import Database, fetch_one
from backend.core.prepared import Prepared
from backend.core.settings import DatabaseSettings

ONE = Prepared(select(literal(1).label("one")))


async def test_all_get_as_much(database_url: str) -> None:
    database = Database(DatabaseSettings(url=SecretStr(database_url), pool_size=2))
    answered: Counter[int] = Counter()

    async def ask(number: int) -> None:
        while answered.total() < 400:
            await fetch_one(database.autocommit, ONE)
            answered[number] += 1

    await asyncio.gather(*(ask(number) for number in range(8)))
    await database.close()

    assert max(answered.values()) - min(answered[number] for number in range(8)) <= 5
