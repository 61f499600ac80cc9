"""Connection pools: whose turn it is, how full they are, and whether a connection still works.

SQLAlchemy's own pre-ping takes three round trips at every checkout (BEGIN, a statement, ROLLBACK).
A connection whose socket is open and that was used within the last second needs no probe.
"""

import asyncio
import time
from types import TracebackType
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.core.errors import DependencyUnavailable

TRUSTED_SECONDS = 1.0

# How a working connection is lost: closed by the server or the network, or timed out; or used
# between the server's closing message and the end of the stream (internal).
LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    OSError,
    TimeoutError,
)

TRANSIENT = ("08", "40", "53", "55P03", "57")
"""Prefixes of the SQLSTATEs that mean "try again": connection, deadlock, resources, lock,
operator."""


class Turns:
    """Whoever has waited longest for a connection gets the next one.

    The pools' own queues let newcomers overtake waiting callers: with 64 clients and 10
    connections, the slowest twentieth took four times as long.
    """

    def __init__(self, connections: int, timeout: float) -> None:
        """`timeout`, in seconds, bounds the wait for each turn."""
        self._semaphore = asyncio.Semaphore(connections)
        self._timeout = timeout

    async def __aenter__(self) -> None:
        """Wait for a turn.

        Raises:
            DependencyUnavailable: it did not come in time.
        """
        if not self._semaphore.locked():
            await self._semaphore.acquire()
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._semaphore.acquire()
        except TimeoutError as error:
            raise DependencyUnavailable("The database is busy.") from error

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Pass the turn on."""
        self._semaphore.release()


class PoolUse(NamedTuple):
    """How many connections of a pool are used, idle, and allowed."""

    used: int
    idle: int
    limit: int


def probe_idle_connections(engine: AsyncEngine) -> None:
    """Let `engine` replace a broken connection at checkout instead of handing it out."""
    pool, dialect = engine.sync_engine.pool, engine.sync_engine.dialect

    @event.listens_for(pool, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(pool, "checkout")
    def probe(connection: Any, record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError("the server closed this connection")
        used_at = record.info.get("used_at", time.monotonic())
        if time.monotonic() - used_at > TRUSTED_SECONDS and not _answers(dialect, connection):
            raise DisconnectionError("the connection is not responding")


def _answers(dialect: Any, connection: Any) -> bool:
    try:
        return bool(dialect.do_ping(connection))
    except dialect.loaded_dbapi.Error:
        return False
