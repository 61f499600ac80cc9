"""The cast of people that the whole folder calls with."""

from collections.abc import AsyncIterator

import pytest

from backend.core.services import Services
from tests.security.scenes import Cast
from tests.support.people import people
from tests.support.trees import file_putter, sharer


@pytest.fixture(scope="session")
async def cast(services: Services, api_url: str) -> AsyncIterator[Cast]:
    """Everyone who may call, assembled once."""
    async with people(api_url) as register:
        cast = Cast(services, register, file_putter(services), sharer(services))
        yield await cast.assemble()
