"""Runs migrations over asyncpg, with the same settings as the application."""

import asyncio
from typing import Any

from sqlalchemy import Connection

from alembic import context
from backend.core.db import Database
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
        await connection.run_sync(migrate)
        await connection.commit()
    await database.close()


asyncio.run(main())
