"""A cache of a few seconds whose entries PostgreSQL can revoke immediately.

Triggers notify a channel with the owner's id when what is cached about them changes; every process
listens. Without that connection (it broke, or there is a transaction pooler, through which LISTEN
does not work) nothing is cached and every look-up queries the database.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar
from uuid import UUID

import asyncpg
import structlog

from backend.core.database.engine import Database
from backend.core.database.pools import LOST
from backend.core.errors import DependencyUnavailable
from backend.core.settings import DatabaseSettings

log = structlog.stdlib.get_logger(__name__)

V = TypeVar("V")

SECONDS = 5.0
MAX_ENTRIES = 10_000
RETRY_SECONDS = 2.0


class RevocableCache(Generic[V]):
    """Values by key, each belonging to an owner: a change to the owner drops it."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._entries: dict[str, tuple[float, V]] = {}
        self._keys_of: defaultdict[UUID, set[str]] = defaultdict(set)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self.epoch = 0
        """Grows with every change notification: see `put`."""

    def get(self, key: str) -> V | None:
        """The value of `key`, if it is recent and its owner has not changed since."""
        entry = self._entries.get(key)
        return entry[1] if entry and entry[0] > time.time() else None

    def put(self, key: str, owner: UUID, value: V, epoch: int, ends_at: float) -> None:
        """Keep `value` for a few seconds, but not beyond `ends_at` (Unix time).

        It was read while `epoch` was current: if a change has been notified since, the value may be
        outdated and is not kept.
        """
        if self._connection is None or epoch != self.epoch:
            return
        if len(self._entries) >= MAX_ENTRIES:
            self._clear()
        self._entries[key] = (min(time.time() + SECONDS, ends_at), value)
        self._keys_of[owner].add(key)

    async def settle(self) -> None:
        """Wait until this process has been notified of every change committed before this call."""
        if self._connection is not None:
            with suppress(asyncpg.PostgresError, *LOST):
                # Notifications reach a session before the result of its next command.
                await self._connection.execute("SELECT")

    @asynccontextmanager
    async def listening(self, settings: DatabaseSettings) -> AsyncIterator[None]:
        """Listen in the background, reconnecting after each fault, until the context ends."""
        if settings.pooler == "transaction" and settings.direct_url is None:
            yield
            return
        task = asyncio.create_task(self._listen(Database(settings, direct=True)))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self, database: Database) -> None:
        while True:
            try:
                await self._listen_once(database)
            except (DependencyUnavailable, asyncpg.PostgresError, *LOST):
                log.warning("not listening for changes: trying again", channel=self._channel)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self, database: Database) -> None:
        connection = await database.connect()
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: self._lose(lost))
            await connection.add_listener(self._channel, self._heard)
            self._connection = connection
            await lost.wait()
        finally:
            self._lose(lost)
            connection.terminate()

    def _lose(self, lost: asyncio.Event) -> None:
        self._connection = None
        self.epoch += 1
        self._clear()
        lost.set()

    def _heard(self, _connection: object, _pid: int, _channel: str, owner: object) -> None:
        self.epoch += 1
        for key in self._keys_of.pop(UUID(str(owner)), ()):
            self._entries.pop(key, None)

    def _clear(self) -> None:
        self._entries.clear()
        self._keys_of.clear()
