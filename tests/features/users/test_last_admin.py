"""Whoever administers alone cannot leave. An installation of its own: others are full of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from pydantic import SecretStr

from backend.core.services import open_services
from backend.core.settings import Settings
from backend.features.admin.accounts import create_admin
from tests.conftest import new_database, serve
from tests.support.people import (
    PASSWORD,
    new_email,
    plain_client,
    sign_in,
)
from tests.support.sharing import code


@pytest.fixture
async def admins(settings: Settings, postgres_url: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """All two administrators, signed in."""
    database = settings.database.model_copy(
        update={"url": SecretStr(await new_database(postgres_url))}
    )
    own = settings.model_copy(update={"database": database})
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(own))
        url = await stack.enter_async_context(serve(own))
        clients = []
        for name in ("ada", "ben"):
            email = new_email(name)
            await create_admin(services.database, services.passwords, own, email, PASSWORD)
            client = await stack.enter_async_context(plain_client(base_url=url, timeout=30))
            token = (await sign_in(client, email)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            clients.append(client)
        yield clients


async def test_the_last_administrator_cannot_leave(admins: list[httpx.AsyncClient]) -> None:
    ada, ben = admins

    first, second = await ada.delete("/v1/users/me"), await ben.delete("/v1/users/me")

    assert first.status_code == 204
    assert code(second) == "409 last_admin"
    assert (await ben.get("/v1/admin/stats")).status_code == 200


async def test_two_cannot_leave_at_the_same_time(admins: list[httpx.AsyncClient]) -> None:
    answers = await asyncio.gather(*(admin.delete("/v1/users/me") for admin in admins))

    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_nor_leave_and_remove_each_other(admins: list[httpx.AsyncClient]) -> None:
    ada, ben = admins
    ben_id = (await ben.get("/v1/users/me")).json()["id"]

    answers = await asyncio.gather(
        ada.delete("/v1/users/me"),
        ada.patch(f"/v1/admin/users/{ben_id}", json={"role": "user"}),
    )

    assert sorted(answer.status_code for answer in answers) in ([200, 409], [204, 401], [204, 409])


async def test_everybody_else_leaves_as_they_like(admins: list[httpx.AsyncClient]) -> None:
    ada, ben = admins
    ben_id = (await ben.get("/v1/users/me")).json()["id"]
    await ada.patch(f"/v1/admin/users/{ben_id}", json={"role": "user"})

    assert (await ben.delete("/v1/users/me")).status_code == 204
