"""`make bench-scale`: the same person's questions in a small world and in a large one.

The person has the same 1,000 files at the end of a tree 50 folders deep and the same 100 shares in
both; around them are 100 people or 100,000, with 1,000 files or 1,000,000. Statements are timed in
the process that asks them, in turns, so that both worlds see the same machine.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from backend.core.database.engine import Database
from backend.core.database.migrations import upgrade
from backend.core.database.rows import Db
from backend.core.settings import DatabaseSettings
from backend.features.shares.received import shared_with_me
from backend.features.tree.children import list_children
from backend.features.tree.nodes import get_node
from backend.features.tree.search import search_files
from backend.kit.vocabulary import NodeKind, Role
from backend.rules import access
from benchmarks.stack import running_stack

WORLDS = {"small": 100, "large": 100_000}
ROUNDS = 300
WANTED = 1.5
SQL = Path(__file__).with_name("world.sql")

Ask = Callable[[Db], Awaitable[Any]]


def made_id(kind: str, number: int) -> UUID:
    """The ids of world.sql."""
    return UUID(f"00000000-0000-7000-{kind}000-{number:012x}")


ME, FOLDER, DEEP, SHARED = (
    made_id("8", 0),
    made_id("c", 49),
    made_id("a", 500),
    made_id("a", 50_001),
)
QUESTIONS: dict[str, Ask] = {
    "children, 100 of 1,000": lambda db: list_children(db, ME, FOLDER, limit=100),
    "search, a word": lambda db: search_files(db, ME, q="report 77", limit=100),
    "search, what is not there": lambda db: search_files(db, ME, q="zzzzzz", limit=100),
    "shared with me": lambda db: shared_with_me(db, ME, 100, None),
    "access, 50 folders deep": lambda db: access.require(db, ME, DEEP, Role.EDITOR),
    "access, by a share": lambda db: access.require(db, ME, SHARED, Role.EDITOR),
    "a file's metadata": lambda db: get_node(db, ME, DEEP, NodeKind.FILE),
}


async def main() -> None:
    """Build both worlds, ask in turns, print the ratios."""
    async with running_stack():
        databases = {name: await _world(name, people) for name, people in WORLDS.items()}
        table = Table("question", *(f"{name}, ms" for name in WORLDS), "ratio", "wanted")
        for question, ask in QUESTIONS.items():
            small, large = await _medians(ask, list(databases.values()))
            ratio = f"{large / small:.2f}"
            table.add_row(question, f"{small:.2f}", f"{large:.2f}", ratio, f"at most {WANTED}")
        Console(width=100).print(table)
        for database in databases.values():
            await database.close()


async def _medians(ask: Ask, databases: list[Database]) -> list[float]:
    times: list[list[float]] = [[] for _ in databases]
    for _ in range(ROUNDS):
        for database, spent in zip(databases, times, strict=True):
            started = time.perf_counter()
            await ask(database.autocommit)
            spent.append((time.perf_counter() - started) * 1000)
    return [statistics.median(spent) for spent in times]


async def _world(name: str, people: int) -> Database:
    server = os.environ["DATABASE_URL"]
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    await _execute(server, f'CREATE DATABASE "{name}"')
    await asyncio.to_thread(upgrade, DatabaseSettings(url=SecretStr(url)))
    started = time.monotonic()
    await _execute(url, SQL.read_text().replace(":people", str(people)))
    await _execute(url, "VACUUM ANALYZE")
    Console(stderr=True).print(f"{name} world made in {time.monotonic() - started:.0f} s")
    return Database(DatabaseSettings(url=SecretStr(url)))


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql, timeout=3600)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
