"""Workers on a database of their own, with no jobs but those a test declares."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from backend import worker
from backend.core.jobs.queue import JobTable
from backend.core.services import Services, open_services
from backend.core.settings import DatabaseSettings, Settings
from tests.conftest import new_database


@pytest.fixture(scope="module")
async def own_url(postgres_url: str) -> str:
    """A database whose queue nobody else uses."""
    return await new_database(postgres_url)


@pytest.fixture(scope="module")
def own_settings(settings: Settings, own_url: str) -> Settings:
    database = DatabaseSettings(url=SecretStr(own_url))
    return settings.model_copy(update={"database": database, "drain_timeout": 5})


@pytest.fixture(scope="module")
async def own(own_settings: Settings, services: Services) -> AsyncIterator[Services]:
    async with open_services(own_settings) as own:
        yield own


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> JobTable:
    """The only jobs the workers of this test know."""
    table = JobTable()
    monkeypatch.setattr(worker, "JOB_TABLES", (table,))
    return table
