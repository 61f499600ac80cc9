from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_network
from uuid import UUID

import pytest
from sqlalchemy import update

from backend.core.services import Services
from backend.core.settings import Settings, SharingSettings
from backend.models import User
from tests.conftest import serve
from tests.support.people import Person

LockOut = Callable[[Person], Awaitable[None]]


@pytest.fixture
def lock_out(services: Services) -> LockOut:
    """Deactivates an account, as an administrator does."""

    async def lock_out(person: Person) -> None:
        locked = update(User).where(User.id == UUID(person.id)).values(is_active=False)
        await services.database.autocommit.execute(locked)

    return lock_out


@pytest.fixture
async def slow_links(settings: Settings) -> AsyncIterator[str]:
    """An API behind a proxy: two downloads a visitor, three guesses a link, then one a network.

    One person may set two passwords.
    """
    sharing = SharingSettings(
        download_rate="2/hour",
        password_rate="2/hour",
        unlock_link_rate="3/hour",
        unlock_slow_rate="1/hour",
    )
    proxies = [ip_network("127.0.0.1/32")]
    changes = {"sharing": sharing, "trusted_proxies": proxies}
    async with serve(settings.model_copy(update=changes)) as url:
        yield url
