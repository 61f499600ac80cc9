from collections.abc import AsyncIterator

import pytest

from backend.core.settings import Settings, SharingSettings
from tests.conftest import serve


@pytest.fixture
async def slow_sharing(settings: Settings) -> AsyncIterator[str]:
    """An API that lets everyone share twice an hour."""
    sharing = SharingSettings(invite_rate="2/hour")
    async with serve(settings.model_copy(update={"sharing": sharing})) as url:
        yield url
