"""Connection pools: how full they are, and whether a connection still works before it is used.

SQLAlchemy's own pre-ping takes three round trips at every checkout (BEGIN, a statement, ROLLBACK).
A connection whose socket is open and that was used a second ago needs no question.
"""

import time
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

TRUSTED_SECONDS = 1.0


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
            raise DisconnectionError("the connection does not answer")


def _answers(dialect: Any, connection: Any) -> bool:
    try:
        return bool(dialect.do_ping(connection))
    except dialect.loaded_dbapi.Error:
        return False
