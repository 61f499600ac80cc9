from collections.abc import AsyncIterator

import httpx
import pytest

from backend.core.services import Services
from backend.features.admin.accounts import create_admin
from tests.support.people import (
    PASSWORD,
    Person,
    new_email,
    sign_in,
)


@pytest.fixture
async def admin(services: Services, api_url: str) -> AsyncIterator[Person]:
    """An administrator, made as the operator makes one."""
    email = new_email("admin")
    user_id = await create_admin(
        services.database, services.passwords, services.settings, email, PASSWORD
    )
    async with httpx.AsyncClient(base_url=api_url, timeout=30) as http:
        tokens = (await sign_in(http, email)).json()
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        yield Person(str(user_id), email, http, tokens)
