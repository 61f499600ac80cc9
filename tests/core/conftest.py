from collections.abc import AsyncIterator

import httpx
import pytest

from backend.core.s3.presign import Presigner
from backend.core.s3.storage import Storage
from backend.core.s3.store import ObjectStore, open_object_store
from backend.core.settings import S3Settings
from tests.support.embedded_s3 import Endpoint


@pytest.fixture(scope="session")
def s3_settings(s3_endpoint: Endpoint) -> S3Settings:
    return S3Settings(endpoint_url=s3_endpoint.url, bucket="storage-tests")


@pytest.fixture(scope="session")
async def object_store(s3_settings: S3Settings) -> AsyncIterator[ObjectStore]:
    async with open_object_store(s3_settings) as store:
        await store.storage.ensure_bucket(["https://app.example.com"])
        yield store


@pytest.fixture
def storage(object_store: ObjectStore) -> Storage:
    return object_store.storage


@pytest.fixture
def presigner(object_store: ObjectStore) -> Presigner:
    return object_store.presigner


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a URL and nothing else."""
    async with httpx.AsyncClient() as client:
        yield client
