"""People for tests: each one registers, signs in and calls the API for themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

PASSWORD = "seven grey herons"


@dataclass
class Person:
    """A registered user; `http` sends their access token along."""

    id: str
    email: str
    http: httpx.AsyncClient
    tokens: dict[str, Any]
    password: str = field(default=PASSWORD, repr=False)

    @property
    def url(self) -> str:
        """The API's base URL."""
        return str(self.http.base_url)


Register = Callable[..., Awaitable[Person]]
"""`await register()` or `await register("ada", display_name="Ada", password="...")`."""


Verify = Callable[[Person], Awaitable[None]]
"""`await verify(ada)`: she proves her address with the mail she got on registering."""


def new_email(name: str = "person") -> str:
    """An address nobody else uses."""
    return f"{name}-{uuid4().hex[:12]}@example.com"


async def sign_in(
    http: httpx.AsyncClient, email: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    """Ask for tokens."""
    form = {"grant_type": "password", "username": email, "password": password}
    return await http.post("/v1/auth/token", data=form, headers=headers)


def plain_client(**options: Any) -> httpx.AsyncClient:
    """A client for plain HTTP: reading the certificate authorities takes 40 ms a client."""
    return httpx.AsyncClient(verify=False, **options)


@asynccontextmanager
async def people(api_url: str) -> AsyncIterator[Register]:
    """A `register` whose people's clients are closed at the end."""
    clients: list[httpx.AsyncClient] = []

    async def register(name: str = "person", *, password: str = PASSWORD, **fields: str) -> Person:
        http = plain_client(base_url=api_url, timeout=30)
        clients.append(http)
        email = new_email(name)
        body = {"email": email, "password": password, **fields}
        user = (await http.post("/v1/auth/register", json=body)).raise_for_status().json()
        tokens = (await sign_in(http, email, password)).raise_for_status().json()
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return Person(user["id"], email, http, tokens, password)

    yield register
    for http in clients:
        await http.aclose()


async def until(status: int, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Ask until that is the answer: the API hears of others' changes within milliseconds."""
    async with asyncio.timeout(4):  # what nobody heard of would be known five seconds later
        while (answer := await ask()).status_code != status:
            await asyncio.sleep(0.01)
    return answer
