"""PostgreSQL: one engine, and the two ways to use it.

Use `transaction()` for everything that changes more than one thing, and `autocommit` for single
statements, which PostgreSQL makes atomic by itself: a read in autocommit costs one round trip
instead of three (BEGIN, statement, COMMIT). Both run Core statements over the models' tables and
return rows; there is no unit of work and nothing is loaded implicitly.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast
from uuid import uuid4

import asyncpg
import structlog
from sqlalchemy import CursorResult, Executable
from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from backend.core.database.pools import (
    LOST,
    TRANSIENT,
    PoolUse,
    Turns,
    probe_idle_connections,
)
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.database.statement_log import log_queries, log_statements
from backend.core.errors import DependencyUnavailable
from backend.core.settings import DatabaseSettings
from backend.kit import faults

log = structlog.stdlib.get_logger(__name__)

R = TypeVar("R")
Connect = Callable[..., Coroutine[Any, Any, Any]]

Transaction = AsyncConnection
"""A connection inside an open transaction."""


class Autocommit:
    """Runs single Core statements, each a transaction of its own.

    Results are fetched whole before the connection goes back to the pool.
    """

    def __init__(
        self, engine: AsyncEngine, turns: Turns, connect: Connect, settings: DatabaseSettings
    ) -> None:
        """`turns` belong to `engine`; prepared statements use separate connections."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._engine_turns = turns
        self._connect = connect
        self._size = settings.pool_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._turns = Turns(self._size, settings.pool_timeout)

    async def fetch(self, statement: Prepared[R], values: Mapping[str, Any]) -> list[R]:
        """Run a prepared statement and return its rows.

        Raises:
            DependencyUnavailable: the connection broke, or none became free in time.
        """
        pool = self._pool or await self._open_pool()
        try:
            async with self._turns:
                records = await pool.fetch(statement.sql, *statement.arguments(values))
        except LOST as error:
            log.warning("lost the database connection", error=type(error).__name__)
            raise DependencyUnavailable("The database is not responding.") from error
        except asyncpg.PostgresError as error:
            if not (error.sqlstate or "").startswith(TRANSIENT):
                raise
            log.warning("database unavailable", error=type(error).__name__)
            raise DependencyUnavailable("The database is busy.") from error
        return statement.rows(records)

    async def execute(self, statement: Executable, parameters: Any = None, /) -> Result[Any]:
        """Run `statement` and return its rows, already fetched."""
        async with self._engine_turns, self._engine.connect() as connection:
            result: CursorResult[Any] = await connection.execute(statement, parameters)
            return result.freeze()() if result.returns_rows else result

    async def _open_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The connections for prepared statements, opened one by one as they are needed.

        A single statement leaves nothing behind, so nothing is reset between two of them.
        """
        self._pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._size,
            connect=self._connect,
            reset=_keep,
        )
        return self._pool

    def use(self) -> PoolUse:
        """How many connections for prepared statements there are."""
        held, idle = (pool.get_size(), pool.get_idle_size()) if (pool := self._pool) else (0, 0)
        return PoolUse(held - idle, idle, self._size)

    async def close(self) -> None:
        """Close the connections for prepared statements."""
        if self._pool is not None:
            await self._pool.close()


async def fetch(db: Db, statement: Prepared[R], **values: Any) -> list[R]:
    """Run a prepared statement on `db`, directly through asyncpg if it is in autocommit.

    Raises:
        DependencyUnavailable: the database is not responding.
    """
    if isinstance(db, Autocommit):
        return await db.fetch(statement, values)
    return [statement.row(*found) for found in await db.execute(statement.statement, values)]


async def fetch_one(db: Db, statement: Prepared[R], **values: Any) -> R | None:
    """The first row of `fetch`, or None."""
    rows = await fetch(db, statement, **values)
    return rows[0] if rows else None


class Database:
    """The connection pool of one process.

    Connecting and waiting for a free connection are bounded; a connection is probed before use,
    so a restarted server costs one retry instead of an error.
    """

    def __init__(self, settings: DatabaseSettings, *, direct: bool = False) -> None:
        """`direct` bypasses a pooler, for LISTEN and CREATE INDEX CONCURRENTLY."""
        self._settings = settings
        self._url = (settings.direct_url if direct else None) or settings.url
        self._pooled = pooled = settings.pooler == "transaction" and self._url is settings.url
        self.engine = create_async_engine(
            # A transaction pooler may give each transaction a different server connection, where
            # the prepared statements of the last one do not exist.
            f"postgresql+asyncpg://?prepared_statement_cache_size={0 if pooled else 500}",
            async_creator=self.connect,
            pool_size=settings.pool_size,
            max_overflow=settings.max_overflow,
            pool_use_lifo=True,
            connect_args={"prepared_statement_name_func": _unique_name} if pooled else {},
            hide_parameters=True,  # error messages would list every value of the statement
        )
        probe_idle_connections(self.engine)
        if settings.log_sql:
            log_statements(self.engine)
        self._turns = Turns(settings.pool_size + settings.max_overflow, settings.pool_timeout)
        self.autocommit = Autocommit(self.engine, self._turns, self._connect, settings)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Open a raw connection outside the pool.

        `sslmode`, `sslrootcert` and the other libpq options go into the URL (RDS: verify-full).

        Raises:
            DependencyUnavailable: nothing answers, or the server accepts no connections.
        """
        return cast("asyncpg.Connection[asyncpg.Record]", await self._connect())

    async def _connect(self, *_: object, **options: Any) -> Any:
        settings = self._settings
        timeout = str(int(settings.statement_timeout * 1000))
        try:
            connection = await asyncpg.connect(
                self._url.get_secret_value().replace("postgresql+asyncpg://", "postgresql://", 1),
                password=settings.password.get_secret_value() if settings.password else None,
                timeout=settings.connect_timeout,
                statement_cache_size=0 if self._pooled else 100,
                # Poolers refuse unknown start-up parameters: set the timeout on the role instead.
                server_settings={}
                if self._pooled
                else {"statement_timeout": timeout, "jit": "off"},
                **options,
            )
        except (asyncpg.PostgresError, *LOST) as error:
            log.warning("cannot connect to the database", error=type(error).__name__)
            raise DependencyUnavailable("The database is not responding.") from error
        if settings.log_sql:
            log_queries(connection)
        return connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: commits on success, rolls back on any error."""
        async with self._turns, self.engine.begin() as tx:
            yield tx
            faults.reach("transaction.done")
        faults.reach("transaction.committed")

    def use(self) -> PoolUse:
        """How many connections for transactions there are."""
        pool = cast("QueuePool", self.engine.pool)
        return PoolUse(
            pool.checkedout(), pool.checkedin(), pool.size() + self._settings.max_overflow
        )

    async def close(self) -> None:
        """Close every connection."""
        await self.autocommit.close()
        await self.engine.dispose()


async def _keep(_connection: object) -> None:
    """A single statement leaves nothing behind that needs to be reset."""


def _unique_name() -> str:
    return f"__asyncpg_{uuid4()}__"
