"""Runs migrations over asyncpg, with the same settings as the application."""

import asyncio
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from alembic import context
from backend.core.database.engine import Database
from backend.core.settings import DatabaseSettings
from backend.models import Base


def ours(_object: Any, name: str | None, kind: str, *_rest: Any) -> bool:
    """The queue library's tables are its own business."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=ours,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    settings = context.config.attributes.get("database") or DatabaseSettings()
    # One connection, around any pooler: CREATE INDEX CONCURRENTLY needs a session of its own.
    database = Database(settings, direct=True)
    async with database.engine.connect() as connection:
        await wait_for_turn(connection)
        await connection.run_sync(migrate)
        await connection.commit()
    await database.close()


async def wait_for_turn(connection: AsyncConnection) -> None:
    """Let one process migrate at a time; the lock ends with its connection.

    Asked for again and again: waiting inside PostgreSQL would hold a snapshot, for which another
    process's CREATE INDEX CONCURRENTLY would wait in turn.
    """
    turn = text("SELECT pg_try_advisory_lock(hashtext('we-upload migrations'))")
    while not await connection.scalar(turn):
        await connection.commit()
        await asyncio.sleep(0.2)
    await connection.commit()


asyncio.run(main())
