import os
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from backend.core.object_store import ObjectStore, open_object_store
from backend.core.presign import Presigner
from backend.core.settings import S3Settings
from backend.core.storage import Storage
from tests.embedded_s3 import Endpoint, embedded_s3


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One S3 server, whose key stands in the environment as on a real machine."""
    with embedded_s3(tmp_path_factory.mktemp("s3")) as endpoint, pytest.MonkeyPatch.context() as m:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            m.delenv(name)
        m.setenv("AWS_ACCESS_KEY_ID", endpoint.access_key)
        m.setenv("AWS_SECRET_ACCESS_KEY", endpoint.secret_key)
        yield endpoint


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
