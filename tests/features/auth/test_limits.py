"""Guessing is slow, and nobody can lock somebody else out.

Behind a trusted proxy a test can call from any address.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from backend.core.settings import AuthSettings, Settings
from tests.conftest import serve
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    new_email,
    sign_in,
)

Api = Callable[..., Awaitable[httpx.AsyncClient]]
HERE, THERE = "198.51.100.1", "203.0.113.9"


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """An API of its own, with the default limits but for those given, behind a proxy."""
    async with AsyncExitStack() as stack:

        async def start(*, proxies: Any = ("127.0.0.0/8",), **rates: Any) -> httpx.AsyncClient:
            changes = {
                "auth": AuthSettings(**rates),
                "trusted_proxies": [ip_network(proxy) for proxy in proxies],
            }
            url = await stack.enter_async_context(serve(settings.model_copy(update=changes)))
            return await stack.enter_async_context(httpx.AsyncClient(base_url=url))

        yield start


async def attempt(
    http: httpx.AsyncClient, person: Person, password: str, address: str = HERE
) -> int:
    answer = await sign_in(http, person.email, password, **{"X-Forwarded-For": address})
    return answer.status_code


class TestSignIn:
    async def test_stops_guessing_an_account(self, api: Api, register: Register) -> None:
        ada, http = await register(), await api(sign_in_account_rate="3/minute")

        statuses = [await attempt(http, ada, "wrong") for _ in range(4)]

        assert statuses == [401, 401, 401, 429]
        assert await attempt(http, ada, PASSWORD) == 429

    async def test_says_when_to_try_again(self, api: Api) -> None:
        http = await api(sign_in_rate="1/minute")
        await sign_in(http, new_email())

        answer = await sign_in(http, new_email())

        assert answer.status_code == 429
        assert answer.json()["code"] == "rate_limited"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60

    async def test_limits_unknown_accounts_alike(self, api: Api) -> None:
        http, stranger = await api(sign_in_account_rate="2/minute"), new_email()

        statuses = [(await sign_in(http, stranger)).status_code for _ in range(3)]

        assert statuses == [401, 401, 429]

    async def test_counts_every_spelling_of_an_address(self, api: Api) -> None:
        http, stranger = await api(sign_in_account_rate="2/minute"), new_email()
        spellings = (stranger, stranger.upper(), stranger.title())

        statuses = [(await sign_in(http, spelling)).status_code for spelling in spellings]

        assert statuses == [401, 401, 429]

    async def test_forgets_failures_after_a_success(self, api: Api, register: Register) -> None:
        ada, http = await register(), await api(sign_in_account_rate="3/minute")

        for _ in range(3):
            assert await attempt(http, ada, "wrong") == 401
            assert await attempt(http, ada, PASSWORD) == 200

    async def test_stops_spraying_many_accounts_from_one_address(self, api: Api) -> None:
        http = await api(sign_in_rate="3/minute")

        statuses = [(await sign_in(http, new_email())).status_code for _ in range(4)]

        assert statuses == [401, 401, 401, 429]

    async def test_counts_an_ipv6_site_as_one(self, api: Api) -> None:
        http = await api(sign_in_rate="2/minute")
        addresses = ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")

        statuses = [
            (await sign_in(http, new_email(), **{"X-Forwarded-For": address})).status_code
            for address in addresses
        ]

        assert statuses == [401, 401, 429, 401]


class TestLockout:
    async def test_somebody_elses_failures_do_not_lock_the_owner_out(
        self, api: Api, register: Register
    ) -> None:
        ada, http = await register(), await api(sign_in_account_rate="3/minute")
        for _ in range(5):
            await attempt(http, ada, "wrong", THERE)

        assert await attempt(http, ada, PASSWORD, HERE) == 200

    async def test_an_attack_from_everywhere_slows_each_address_but_not_the_owner(
        self, api: Api, register: Register
    ) -> None:
        ada = await register()
        http = await api(sign_in_alert_rate="5/minute", sign_in_slow_rate="1/minute")
        for number in range(6):
            await attempt(http, ada, "wrong", f"192.0.2.{number}")

        assert await attempt(http, ada, "wrong", THERE) == 401
        assert await attempt(http, ada, "wrong", THERE) == 429
        assert await attempt(http, ada, PASSWORD, HERE) == 200
        assert await attempt(http, ada, PASSWORD, HERE) == 200


class TestForwardedAddress:
    async def test_counts_only_from_a_trusted_proxy(self, api: Api) -> None:
        http = await api(proxies=(), sign_in_rate="2/minute")

        statuses = [
            (await sign_in(http, new_email(), **{"X-Forwarded-For": f"192.0.2.{n}"})).status_code
            for n in range(3)
        ]

        assert statuses == [401, 401, 429]

    async def test_cannot_be_invented_in_front_of_the_proxys_own(self, api: Api) -> None:
        http = await api(sign_in_rate="2/minute")

        statuses = [
            (
                await sign_in(http, new_email(), **{"X-Forwarded-For": f"192.0.2.{n}, {HERE}"})
            ).status_code
            for n in range(3)
        ]

        assert statuses == [401, 401, 429]


class TestOthers:
    async def test_registration_is_limited_by_address(self, api: Api) -> None:
        http = await api(register_rate="2/minute")

        statuses = [
            (
                await http.post(
                    "/v1/auth/register", json={"email": new_email(), "password": PASSWORD}
                )
            ).status_code
            for _ in range(3)
        ]

        assert statuses == [201, 201, 429]

    async def test_registration_is_limited_by_account(self, api: Api) -> None:
        http, body = await api(mail_rate="2/minute"), {"email": new_email(), "password": PASSWORD}

        statuses = [(await http.post("/v1/auth/register", json=body)).status_code for _ in range(3)]

        assert statuses == [201, 201, 429]

    async def test_reset_is_limited_by_address(self, api: Api) -> None:
        http = await api(reset_rate="2/minute")

        statuses = [
            (await http.post("/v1/auth/password/forgot", json={"email": new_email()})).status_code
            for _ in range(3)
        ]

        assert statuses == [202, 202, 429]

    async def test_the_current_password_cannot_be_guessed_with_a_stolen_token(
        self, api: Api, register: Register
    ) -> None:
        ada, http = await register(), await api(sign_in_account_rate="2/minute")
        headers = {"Authorization": f"Bearer {ada.tokens['access_token']}"}
        body = {"current_password": "wrong", "new_password": "eleven red kites"}

        statuses = [
            (await http.post("/v1/auth/password/change", json=body, headers=headers)).status_code
            for _ in range(3)
        ]

        assert statuses == [403, 403, 429]
