"""`--repair` with a database and a bucket that do not belong together: nothing may be deleted."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from tests.conftest import UNLIMITED, new_database, serve
from tests.features.fsck.conftest import Run
from tests.support.embedded_s3 import Endpoint
from tests.support.people import people
from tests.support.transfer import begin, upload_file


@dataclass
class Installation:
    """A database and its bucket, with these files and unfinished multipart uploads."""

    settings: Settings
    services: Services
    files: int
    multiparts: int

    async def in_bucket(self) -> tuple[int, int]:
        """How many objects and unfinished multipart uploads there are."""
        storage = self.services.storage
        objects = [len(page) async for page in storage.list_objects()]
        uploads = [len(page) async for page in storage.list_multipart_uploads()]
        return sum(objects), sum(uploads)


Install = Callable[..., Awaitable[Installation]]


@pytest.fixture(scope="module")
async def installed(postgres_url: str, s3_endpoint: Endpoint) -> AsyncIterator[Install]:
    """Makes installations; they last as long as the tests here."""
    async with AsyncExitStack() as stack:

        async def install(bucket: str, files: int = 0, multiparts: int = 0) -> Installation:
            settings = Settings(
                s3=S3Settings(endpoint_url=s3_endpoint.url, bucket=bucket),
                database=DatabaseSettings(url=SecretStr(await new_database(postgres_url))),
                auth=AuthSettings(**UNLIMITED),
            )
            services = await stack.enter_async_context(open_services(settings))
            await services.storage.ensure_bucket([])
            async with serve(settings) as url, people(url) as register:
                ada = await register("ada")
                for _ in range(files):
                    await upload_file(ada, b"mine")
                for _ in range(multiparts):
                    await begin(ada, b"to come", method="multipart")
            return Installation(settings, services, files, multiparts)

        yield install


@pytest.fixture(scope="module")
async def ours(installed: Install) -> Installation:
    return await installed("ours", files=13, multiparts=3)


@pytest.fixture(scope="module")
async def small(installed: Install) -> Installation:
    """Fewer of everything than a repair may delete without being asked twice."""
    return await installed("small", files=2, multiparts=1)


@pytest.fixture(scope="module")
async def empty(installed: Install) -> Installation:
    return await installed("empty")


def mixed(bucket: Installation, database: Installation) -> Settings:
    """The settings of an operator who has confused two environments."""
    return bucket.settings.model_copy(update={"database": database.settings.database})


async def test_an_empty_database_costs_no_object(
    run: Run, ours: Installation, empty: Installation
) -> None:
    result = await run("--repair", "--older-than", "0", settings=mixed(ours, empty))

    assert await ours.in_bucket() == (13, 3)
    assert result.exit_code == 3
    told = " ".join(result.stdout.split())
    assert "Nothing was deleted: 16 objects and multipart uploads belong to nothing" in told
    assert "DATABASE_URL and S3_BUCKET belong together" in told
    assert "--repair-all" in told


async def test_nor_does_one_with_other_files_however_few_there_are(
    run: Run, ours: Installation, small: Installation
) -> None:
    result = await run("--repair", "--older-than", "0", "--json", settings=mixed(small, ours))

    assert await small.in_bucket() == (2, 1)
    assert result.exit_code == 3
    *findings, summary = map(json.loads, result.stdout.splitlines())
    assert not any(finding["repaired"] for finding in findings)
    assert summary["found"]["orphan_object"] == 2
    assert summary["repaired"] == {}
    assert "no object in the bucket" in summary["refused"]


async def test_the_right_one_finds_everything_in_order_afterwards(
    run: Run, ours: Installation, small: Installation
) -> None:
    for installation in (ours, small):
        result = await run("--older-than", "0", "--json", settings=installation.settings)

        assert result.exit_code == 0
        assert json.loads(result.stdout)["refused"] is None


async def test_only_who_asks_for_it_by_name_deletes_all(
    run: Run, installed, empty: Installation
) -> None:
    doomed = await installed("doomed", files=11, multiparts=1)

    options = ("--repair-all", "--older-than", "0", "--json")
    result = await run(*options, settings=mixed(doomed, empty))

    assert await doomed.in_bucket() == (0, 0)
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["repaired"] == {"orphan_object": 11, "abandoned_multipart": 1}
    assert summary["refused"] is None
