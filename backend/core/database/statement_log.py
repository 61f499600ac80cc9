"""LOG_SQL: every statement with the time it took, and without its values.

Values appear in a statement as `$1`, `$2`, …: they may be hashes of passwords and tokens, so they
are never written.
"""

import time
from typing import Any

import asyncpg
import structlog
from asyncpg.connection import LoggedQuery
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

log = structlog.stdlib.get_logger(__name__)

PING = ";"


def log_queries(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Log what asyncpg runs: our prepared statements, BEGIN, COMMIT, the queue's statements."""
    connection.add_query_logger(_log_query)


def _log_query(done: LoggedQuery) -> None:
    if done.query != PING:  # the probe of an idle connection
        _log(done.query, done.elapsed, done.exception)


def log_statements(engine: AsyncEngine) -> None:
    """Log what SQLAlchemy runs: it prepares statements itself, and asyncpg does not log those."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def begin(
        _connection: Any, _cursor: Any, _sql: str, _values: Any, context: Any, _: Any
    ) -> None:
        context.begun = time.monotonic()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def end(
        _connection: Any, _cursor: Any, sql: str, _values: Any, context: Any, many: bool
    ) -> None:
        if not many:  # asyncpg logs those
            _log(sql, time.monotonic() - context.begun, None)

    @event.listens_for(engine.sync_engine, "handle_error")
    def fail(failure: Any) -> None:
        begun = getattr(failure.execution_context, "begun", None)
        if begun is not None:
            error = failure.original_exception  # the dialect's, caused by asyncpg's
            _log(failure.statement, time.monotonic() - begun, error.__cause__ or error)


def _log(sql: str, seconds: float, error: BaseException | None) -> None:
    failed = {"error": type(error).__name__} if error else {}
    log.info("sql", statement=" ".join(sql.split()), ms=round(seconds * 1000, 2), **failed)
