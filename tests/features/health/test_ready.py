import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from backend.core.settings import DatabaseSettings, Settings
from tests.conftest import new_database, serve


async def ask(settings: Settings) -> httpx.Response:
    async with serve(settings) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        return await client.get("/ready")


def with_database(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database": DatabaseSettings(url=SecretStr(url))})


@pytest.fixture
async def silent_server() -> AsyncIterator[str]:
    """A server that takes connections and says nothing."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}/postgres"
    server.close()


class TestReady:
    async def test_says_yes_when_everything_answers(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/ready")

        assert answer.status_code == 200
        assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "storage": "ok"}

    async def test_names_a_database_that_is_gone(self, settings: Settings) -> None:
        answer = await ask(with_database(settings, "postgresql://postgres@127.0.0.1:9/none"))

        assert answer.status_code == 503
        assert answer.json()["code"] == "not_ready"
        assert {"check": "database"} in answer.json()["errors"]
        assert {"check": "storage"} not in answer.json()["errors"]

    async def test_answers_soon_when_the_database_does_not(
        self, settings: Settings, silent_server: str
    ) -> None:
        started = time.monotonic()

        answer = await ask(with_database(settings, silent_server))

        assert answer.status_code == 503
        assert time.monotonic() - started < 8

    async def test_names_a_schema_that_is_too_old(
        self, settings: Settings, postgres_url: str
    ) -> None:
        url = await new_database(postgres_url)
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE alembic_version SET version_num = '0001'")
        await connection.close()

        answer = await ask(with_database(settings, url))

        assert answer.json()["errors"] == [{"check": "migrations"}]

    async def test_accepts_a_newer_schema_as_in_the_middle_of_a_deployment(
        self, settings: Settings, postgres_url: str
    ) -> None:
        url = await new_database(postgres_url)
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        await connection.close()

        assert (await ask(with_database(settings, url))).status_code == 200

    async def test_names_a_bucket_that_is_not_there(self, settings: Settings) -> None:
        elsewhere = settings.s3.model_copy(update={"bucket": "no-such-bucket"})

        answer = await ask(settings.model_copy(update={"s3": elsewhere}))

        assert answer.json()["errors"] == [{"check": "storage"}]


class TestMetrics:
    async def test_counts_requests_by_route_and_not_by_address(
        self, http: httpx.AsyncClient
    ) -> None:
        await http.get("/v1/files/0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d")

        metrics = (await http.get("/metrics")).text

        assert 'route="/v1/files/{file_id}"' in metrics
        assert "0199c0de" not in metrics

    async def test_shows_the_connection_pool(self, http: httpx.AsyncClient) -> None:
        metrics = (await http.get("/metrics")).text

        assert 'database_pool_connections{pool="transactions",state="idle"}' in metrics
