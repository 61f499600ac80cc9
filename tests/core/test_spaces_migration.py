"""Spaces come to a database in use: nothing is lost, nobody waits, and the way back stays open."""

import asyncio
import random
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic.config import Config
from pydantic import SecretStr

from alembic import command
from backend.core.database.engine import Database
from backend.core.database.migrations import ALEMBIC_INI
from backend.core.errors import QuotaExceeded
from backend.core.settings import DatabaseSettings
from backend.features.spaces.service import create_space
from backend.kit.ids import uuid7
from backend.kit.vocabulary import SpaceKind
from backend.rules import quota
from tests.conftest import new_database
from tests.support.previous_release import QUOTA, PreviousRelease

Sql = asyncpg.Connection
BEFORE_SPACES = "0002"
LONGEST_WAIT = "2s"
"""What a process waits for a lock before it gives up, and the test with it."""

CROWD = """
    INSERT INTO users (id, email, password_hash, quota_bytes, reserved_bytes, used_bytes)
    SELECT gen_random_uuid(), number || '@crowd.example', '', 1000000, 7, 90
    FROM generate_series(1, 2000) AS number;
    INSERT INTO nodes (id, owner_id, path, kind, name, name_key)
    SELECT gen_random_uuid(), id, '{}', 'folder', 'My files', 'my files' FROM users;
    INSERT INTO nodes (id, owner_id, parent_id, path, kind, name, name_key, size)
    SELECT gen_random_uuid(), owner_id, id, ARRAY[id], 'file', number::text, number::text, 10
    FROM nodes, generate_series(1, 9) AS number;
    INSERT INTO file_versions (id, node_id, object_key, size, content_type, etag)
    SELECT gen_random_uuid(), id, id::text, size, 'text/plain', 'etag' FROM nodes
    WHERE kind = 'file';
    INSERT INTO uploads (id, owner_id, created_by, name, size, content_type, method, on_conflict,
                         object_key, heal_at, expires_at)
    SELECT gen_random_uuid(), id, id, 'a', 7, 'text/plain', 'put', 'rename', id::text, now(), now()
    FROM users;
    ANALYZE;
"""
DIFFERENT = """
    SELECT users.id, spaces.id FROM users FULL JOIN spaces USING (id)
    WHERE (users.quota_bytes, users.used_bytes, users.reserved_bytes)
          IS DISTINCT FROM (spaces.quota_bytes, spaces.used_bytes, spaces.reserved_bytes)
"""
MISCOUNTED = """
    SELECT id FROM spaces WHERE (used_bytes, reserved_bytes) IS DISTINCT FROM (
        (SELECT coalesce(sum(file_versions.size), 0) FROM file_versions
         JOIN nodes ON nodes.id = node_id WHERE nodes.owner_id = spaces.id),
        (SELECT coalesce(sum(size), 0) FROM uploads
         WHERE owner_id = spaces.id AND state IN ('pending', 'completing')))
"""


def configured(url: str) -> Config:
    config = Config(ALEMBIC_INI)
    config.attributes["database"] = DatabaseSettings(url=SecretStr(url))
    return config


async def migrate(url: str, revision: str) -> None:
    await asyncio.to_thread(command.upgrade, configured(url), revision)


@pytest.fixture
async def old_url(postgres_url: str) -> str:
    """A database as the previous release left it, with 2,000 people and 18,000 files."""
    name = f"test_{uuid4().hex}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f'CREATE DATABASE "{name}"')
    await server.close()
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    await migrate(url, BEFORE_SPACES)
    connection = await asyncpg.connect(url)
    await connection.execute(CROWD)
    await connection.close()
    return url


@pytest.fixture
async def sql(old_url: str) -> AsyncIterator[Sql]:
    connection = await asyncpg.connect(old_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def new_url(postgres_url: str) -> str:
    """A database as this release has it."""
    return await new_database(postgres_url)


@pytest.fixture
async def old(new_url: str) -> AsyncIterator[PreviousRelease]:
    """The previous release, after the migration."""
    sql = await asyncpg.connect(new_url)
    yield PreviousRelease(sql)
    assert await sql.fetch(DIFFERENT) == []
    assert await sql.fetch(MISCOUNTED) == []
    await sql.close()


class Traffic:
    """One process of the previous release that never rests."""

    def __init__(self, url: str, seed: int, known: list[UUID]) -> None:
        self.url, self.known, self.random = url, known, random.Random(seed)
        self.over = asyncio.Event()

    async def run(self) -> None:
        patience = {"lock_timeout": LONGEST_WAIT}
        connection = await asyncpg.connect(self.url, server_settings=patience)
        release = PreviousRelease(connection)
        while not self.over.is_set():
            await self.act(release)
        await self.act(release)
        await connection.close()

    async def act(self, release: PreviousRelease) -> None:
        user_id = self.random.choice(self.known)
        if self.random.random() < 0.1:
            user_id = await release.register()
        upload_id = await release.begin(user_id, self.random.randrange(100))
        assert upload_id
        if self.random.random() < 0.3:
            await release.abort(upload_id)
        elif self.random.random() < 0.8:
            await release.complete(upload_id)
        if self.random.random() < 0.1:
            await release.empty(user_id)


async def test_nothing_is_lost_and_nobody_waits(old_url: str, sql: Sql) -> None:
    people = [row["id"] for row in await sql.fetch("SELECT id FROM users ORDER BY id LIMIT 300")]
    traffic = [Traffic(old_url, seed, people) for seed in range(6)]
    running = [asyncio.create_task(one.run()) for one in traffic]

    await migrate(old_url, "head")

    for one in traffic:
        one.over.set()
    await asyncio.gather(*running)
    assert await sql.fetchval("SELECT count(*) FROM spaces") > 2000
    assert await sql.fetch(DIFFERENT) == []
    assert await sql.fetch(MISCOUNTED) == []
    assert await sql.fetch("SELECT conname FROM pg_constraint WHERE NOT convalidated") == []


async def test_what_failed_half_way_is_run_again(old_url: str, sql: Sql) -> None:
    await migrate(old_url, "0004")
    await sql.execute("UPDATE alembic_version SET version_num = '0003'")

    await migrate(old_url, "head")

    assert await sql.fetch(DIFFERENT) == []


class TestThePreviousRelease:
    async def test_uploads(self, old: PreviousRelease) -> None:
        user_id = await old.register(quota=100)
        first, second = await old.begin(user_id, 60), await old.begin(user_id, 40)
        assert first
        assert second
        assert await old.begin(user_id, 1) is None

        await old.complete(first)
        await old.abort(second)

        assert await old.begin(user_id, 40)

    async def test_empties_and_closes_accounts(self, old: PreviousRelease) -> None:
        user_id = await old.register()
        upload_id = await old.begin(user_id, 60)
        assert upload_id
        await old.complete(upload_id)
        await old.begin(user_id, 5)

        await old.close_account(user_id)

        for left in ("spaces WHERE id = $1", "uploads WHERE owner_id = $1"):
            assert await old.connection.fetchval(f"SELECT count(*) FROM {left}", user_id) == 0

    async def test_changes_quotas(self, old: PreviousRelease) -> None:
        user_id = await old.register()

        await old.set_quota(user_id, 3)

        quota = "SELECT quota_bytes FROM spaces WHERE id = $1"
        assert await old.connection.fetchval(quota, user_id) == 3


class TestBothReleases:
    """They run side by side while a deployment rolls."""

    @pytest.fixture
    async def database(self, new_url: str) -> AsyncIterator[Database]:
        database = Database(DatabaseSettings(url=SecretStr(new_url)))
        yield database
        await database.close()

    async def test_count_the_same_bytes_of_one_space(
        self, new_url: str, old: PreviousRelease, database: Database
    ) -> None:
        user_id = await old.register()

        async def as_before(size: int) -> None:
            connection = await asyncpg.connect(new_url)
            release = PreviousRelease(connection)
            for _ in range(20):
                upload_id = await release.begin(user_id, size)
                assert upload_id
                await release.abort(upload_id)
            await connection.close()

        async def as_now(size: int) -> None:
            for _ in range(20):
                async with database.transaction() as tx:
                    await quota.reserve(tx, user_id, size)
                async with database.transaction() as tx:
                    await quota.release(tx, user_id, size, sent=size)

        await asyncio.gather(*(way(size) for way in (as_before, as_now) for size in (1, 10, 100)))

        spaces = "SELECT used_bytes + reserved_bytes FROM spaces WHERE id = $1"
        assert await old.connection.fetchval(spaces, user_id) == 0

    async def test_never_exceed_a_quota_together(
        self, old: PreviousRelease, database: Database
    ) -> None:
        user_id = await old.register(quota=100)
        assert await old.begin(user_id, 60)

        with pytest.raises(QuotaExceeded):
            async with database.transaction() as tx:
                await quota.reserve(tx, user_id, 41)

    async def test_an_account_made_now_is_known_before(
        self, old: PreviousRelease, database: Database
    ) -> None:
        user_id = uuid7()
        account = "INSERT INTO users (id, email, password_hash) VALUES ($1, $2, '')"
        await old.connection.execute(account, user_id, f"{user_id}@example.com")
        async with database.transaction() as tx:
            await create_space(tx, user_id, SpaceKind.PERSONAL, QUOTA)

        assert await old.begin(user_id, QUOTA)
        assert await old.begin(user_id, 1) is None
