"""A database for tests that run by themselves, and people in it without a password."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import insert

from backend.core.database.engine import Database, Transaction
from backend.core.settings import Settings
from backend.features.files.versions import NewVersion
from backend.features.spaces.service import create_space
from backend.kit.ids import uuid7
from backend.kit.vocabulary import ActorKind, SpaceKind, UserRole
from backend.models import User
from backend.rules.actor import Actor
from backend.rules.principal import Principal

T = TypeVar("T")


class World:
    """The database the machine works on, and its event loop."""

    def __init__(self, settings: Settings) -> None:
        self.runner = asyncio.Runner()
        self.database = Database(settings.database)

    def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do `work` in a transaction of its own."""

        async def transact() -> T:
            async with self.database.transaction() as tx:
                return await work(tx)

        return self.runner.run(transact())

    def close(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()


def version(size: int) -> NewVersion:
    return NewVersion(f"objects/x/{uuid4()}", size, "text/plain", "etag", None, None, None)


async def join(tx: Transaction, who: str, quota_bytes: int) -> Principal:
    """Someone with a root and a quota; without a password: hashing costs time."""
    user_id = uuid7()  # as the product makes them: lists are ordered by it
    email = f"{who}-{user_id}@example.com"
    values = {"id": user_id, "email": email, "password_hash": ""}
    await tx.execute(insert(User).values(values))
    await create_space(tx, user_id, SpaceKind.PERSONAL, quota_bytes)
    actor = Actor(ActorKind.USER, user_id)
    return Principal(user_id, email, UserRole.USER, frozenset(), None, None, actor)


def outcome_of(work: Callable[[], T], error: type[Exception]) -> tuple[T | None, str | None]:
    """What came of it, or the code with which it was refused."""
    try:
        return work(), None
    except error as refused:
        return None, getattr(refused, "code", str(refused))
