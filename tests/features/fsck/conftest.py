"""A database and a bucket of their own: other tests leave behind what fsck would find."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from backend.cli import app
from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from tests.conftest import UNLIMITED, new_database, serve
from tests.support.embedded_s3 import Endpoint
from tests.support.people import Register, people
from tests.support.transfer import upload_file

Run = Callable[..., Awaitable[Result]]
"""`await run("--repair", settings=...)`: `we-upload fsck`, on the tests' own database and bucket
unless other settings are given."""


@pytest.fixture(scope="session")
async def own_settings(postgres_url: str, s3_endpoint: Endpoint) -> Settings:
    url = await new_database(postgres_url)
    return Settings(
        s3=S3Settings(endpoint_url=s3_endpoint.url, bucket="fsck"),
        database=DatabaseSettings(url=SecretStr(url)),
        auth=AuthSettings(**UNLIMITED),
    )


@pytest.fixture(scope="session")
async def own_api(own_settings: Settings) -> AsyncIterator[tuple[str, Services]]:
    async with open_services(own_settings) as services, serve(own_settings) as url:
        await services.storage.ensure_bucket([])
        async with people(url) as register:  # a bucket without any file of its own is suspicious
            await upload_file(await register("resident"), b"here to stay")
        yield url, services


@pytest.fixture
def services(own_api: tuple[str, Services]) -> Services:
    return own_api[1]


@pytest.fixture
async def register(own_api: tuple[str, Services]) -> AsyncIterator[Register]:
    async with people(own_api[0]) as register:
        yield register


@pytest.fixture
def run(
    own_settings: Settings, own_api: tuple[str, Services], monkeypatch: pytest.MonkeyPatch
) -> Run:
    async def run(*options: str, settings: Settings = own_settings) -> Result:
        monkeypatch.setenv("DATABASE_URL", settings.database.url.get_secret_value())
        monkeypatch.setenv("S3_ENDPOINT_URL", settings.s3.endpoint_url or "")
        monkeypatch.setenv("S3_BUCKET", settings.s3.bucket)
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["fsck", *options]))

    return run
