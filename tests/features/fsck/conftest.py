"""A database and a bucket of their own: other tests leave behind what fsck would find."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from tests.conftest import RATES, new_database, serve
from tests.embedded_s3 import Endpoint
from tests.people import Register, people


@pytest.fixture(scope="session")
async def own_settings(postgres_url: str, s3_endpoint: Endpoint) -> Settings:
    url = await new_database(postgres_url)
    return Settings(
        s3=S3Settings(endpoint_url=s3_endpoint.url, bucket="fsck"),
        database=DatabaseSettings(url=SecretStr(url)),
        auth=AuthSettings(**dict.fromkeys(RATES, "1000000/minute")),
    )


@pytest.fixture(scope="session")
async def own_api(own_settings: Settings) -> AsyncIterator[tuple[str, Services]]:
    async with open_services(own_settings) as services, serve(own_settings) as url:
        await services.storage.ensure_bucket([])
        yield url, services


@pytest.fixture
def services(own_api: tuple[str, Services]) -> Services:
    return own_api[1]


@pytest.fixture
async def register(own_api: tuple[str, Services]) -> AsyncIterator[Register]:
    async with people(own_api[0]) as register:
        yield register
