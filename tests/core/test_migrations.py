"""The migrations make exactly what the models say, and can be taken back."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from alembic.config import Config
from pydantic import SecretStr

from alembic import command
from backend.core.database.migrations import ALEMBIC_INI
from backend.core.settings import DatabaseSettings
from tests.conftest import new_database

TABLES = """
    SELECT count(*) FROM information_schema.tables
    WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""

OLD_EVENT_ID = UUID("0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d")
OLD_EVENT = """
    INSERT INTO events (id, actor_kind, action, subject_kind, subject_id, data)
    VALUES ($1, 'system', 'user.changed', 'user', $1, '{}')
"""


@pytest.fixture
async def fresh_url(postgres_url: str) -> str:
    return await new_database(postgres_url)


def configured(url: str) -> Config:
    config = Config(ALEMBIC_INI)
    config.attributes["database"] = DatabaseSettings(url=SecretStr(url))
    return config


async def count_tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    tables: int = await connection.fetchval(TABLES)
    await connection.close()
    return tables


class TestMigrations:
    async def test_make_what_the_models_say(self, fresh_url: str):
        await asyncio.to_thread(command.check, configured(fresh_url))

    async def test_can_be_taken_back_and_made_again(self, fresh_url: str):
        tables = await count_tables(fresh_url)
        await asyncio.to_thread(command.downgrade, configured(fresh_url), "base")
        assert await count_tables(fresh_url) == 0
        await asyncio.to_thread(command.upgrade, configured(fresh_url), "head")
        assert await count_tables(fresh_url) == tables

    async def test_keep_events_from_before_they_had_a_place(self, fresh_url: str):
        await asyncio.to_thread(command.downgrade, configured(fresh_url), "0004")
        connection = await asyncpg.connect(fresh_url)
        await connection.execute(OLD_EVENT, OLD_EVENT_ID)
        await connection.close()

        await asyncio.to_thread(command.upgrade, configured(fresh_url), "head")

        connection = await asyncpg.connect(fresh_url)
        event = await connection.fetchrow("SELECT * FROM events WHERE id = $1", OLD_EVENT_ID)
        await connection.close()
        assert event is not None
        assert event["action"] == "user.changed"
        assert (event["transaction_id"], event["node_id"], event["space_id"]) == (None, None, None)
