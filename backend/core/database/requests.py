"""How a request uses the database: in its one transaction, or in single statements."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Annotated, Any, Self

from fastapi import Depends
from sqlalchemy import Executable
from sqlalchemy.engine import Result
from starlette.requests import HTTPConnection

from backend.core.database.engine import Database, Transaction
from backend.core.database.rows import Db


class RequestTransaction:
    """A transaction that a whole request shares; it opens with the first statement.

    So a route that calls S3 before it writes holds neither a connection nor a lock meanwhile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stack = AsyncExitStack()
        self._tx: Transaction | None = None

    async def open(self) -> Transaction:
        """The transaction, begun now if it has not begun yet."""
        if self._tx is None:
            self._tx = await self._stack.enter_async_context(self._database.transaction())
        return self._tx

    async def execute(self, statement: Executable, parameters: Any = None, /) -> Result[Any]:
        """Run `statement` in the transaction."""
        return await (await self.open()).execute(statement, parameters)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, traceback)


async def get_database(connection: HTTPConnection) -> Database:
    """The process's database, created by the lifespan."""
    database: Database = connection.app.state.services.database
    return database


async def get_transaction(
    connection: HTTPConnection, database: Annotated[Database, Depends(get_database)]
) -> AsyncIterator[Transaction]:
    """The request's transaction, committed before the response is sent.

    A request with an `Idempotency-Key` already runs in a transaction, which also stores the
    response.
    """
    shared: RequestTransaction | None = connection.scope.get("transaction")
    if shared is not None:
        yield await shared.open()
        return
    async with database.transaction() as tx:
        yield tx


async def get_late_transaction(
    connection: HTTPConnection, database: Annotated[Database, Depends(get_database)]
) -> AsyncIterator[RequestTransaction]:
    """The request's transaction, begun by the route's own `open()`.

    For routes that hash a password first: they must not hold a connection while they wait.
    """
    shared: RequestTransaction | None = connection.scope.get("transaction")
    if shared is not None:
        yield shared
        return
    async with RequestTransaction(database) as late:
        yield late


async def get_statements(connection: HTTPConnection) -> Db:
    """Single statements, or the shared transaction of a request with an `Idempotency-Key`."""
    shared: RequestTransaction | None = connection.scope.get("transaction")
    return (await get_database(connection)).autocommit if shared is None else shared


# scope="function": commit before the response starts; otherwise a failed commit would still be 200.
Tx = Annotated[Transaction, Depends(get_transaction, scope="function")]
LateTx = Annotated[RequestTransaction, Depends(get_late_transaction, scope="function")]
Statements = Annotated[Db, Depends(get_statements)]
CurrentDatabase = Annotated[Database, Depends(get_database)]
