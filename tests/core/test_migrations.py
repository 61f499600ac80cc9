"""The migrations make exactly what the models say, and can be taken back."""

import asyncio

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
