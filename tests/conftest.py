"""What every test stands on: one PostgreSQL, one S3, one running API, and people to call it.

Servers start once a session; tests keep apart by registering people of their own.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import hypothesis
import pytest
import uvicorn
from pydantic import SecretStr

from backend.core.database.migrations import upgrade
from backend.core.http.server import uvicorn_options
from backend.core.services import Services, open_services
from backend.core.settings import (
    AuthSettings,
    DatabaseSettings,
    S3Settings,
    Settings,
    SharingSettings,
)
from backend.main import create_app
from tests.support.embedded_s3 import Endpoint, embedded_s3
from tests.support.figures import pytest_terminal_summary  # noqa: F401
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox, mail_server
from tests.support.people import (
    Person,
    Register,
    Verify,
    people,
)
from tests.support.postgres import postgres
from tests.support.trees import (
    PutFile,
    Share,
    file_putter,
    sharer,
)

# Other work on the machine must not fail a property test.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# Every test calls from 127.0.0.1: the limits are tested with an API of their own.
RATES = ("sign_in_rate", "register_rate", "reset_rate")
UNLIMITED: dict[str, Any] = dict.fromkeys(RATES, "1000000/minute")


@pytest.fixture(scope="session")
async def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The server, shared by the session."""
    async with postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
async def database_url(postgres_url: str) -> str:
    """A database made by the migrations."""
    return await new_database(postgres_url)


async def new_database(server: str) -> str:
    """Make one more database by the migrations; return its URL."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    await asyncio.to_thread(upgrade, DatabaseSettings(url=SecretStr(url)))
    return url


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
async def mailbox() -> AsyncIterator[Mailbox]:
    """The mail that left the product."""
    async with mail_server(Mailbox()) as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def settings(database_url: str, s3_endpoint: Endpoint, mailbox: Mailbox) -> Settings:
    """The settings the shared API runs with; copy and change them for another."""
    return Settings(
        s3=S3Settings(endpoint_url=s3_endpoint.url),
        # On a busy machine a test may wait; what a user gets then is told by tests of its own.
        database=DatabaseSettings(url=SecretStr(database_url), pool_size=20, pool_timeout=60),
        smtp_url=SecretStr(mailbox.url),
        auth=AuthSettings(**UNLIMITED),
        sharing=SharingSettings(download_rate="1000000/minute", password_rate="1000000/minute"),
    )


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[str]:
    """Run the API on a free loopback port; yield its base URL."""
    options = uvicorn_options(settings)
    config = uvicorn.Config(create_app(settings), lifespan="on", **options)
    server = uvicorn.Server(config)
    # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms a request.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:  # or the event loop keeps watching a socket that is closed
            server.should_exit = True
            await task


@pytest.fixture(scope="session")
async def services(settings: Settings) -> AsyncIterator[Services]:
    """What a worker holds open: to run jobs, and to look behind the scene."""
    async with open_services(settings) as services:
        await services.storage.ensure_bucket([])
        yield services


@pytest.fixture(scope="session")
async def api_url(settings: Settings, services: Services) -> AsyncIterator[str]:
    """The shared API."""
    async with serve(settings) as url:
        yield url


@pytest.fixture(scope="session")
async def http(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a credential."""
    async with httpx.AsyncClient(base_url=api_url, timeout=30) as client:
        yield client


@pytest.fixture
async def register(api_url: str) -> AsyncIterator[Register]:
    """Makes people: `ada = await register()`."""
    async with people(api_url) as register:
        yield register


@pytest.fixture
def put_file(services: Services) -> PutFile:
    """Puts files into people's trees: `await put_file(ada, "a.txt", b"bytes")`."""
    return file_putter(services)


@pytest.fixture
def share(services: Services) -> Share:
    """Gives people roles: `await share(folder, bob, "editor")`."""
    return sharer(services)


@pytest.fixture
def verify(services: Services, mailbox: Mailbox) -> Verify:
    """Lets people prove their addresses."""

    async def verify(person: Person) -> None:
        await run_jobs(services)
        token = mailbox.token(person.email, "Confirm your e-mail address")
        answer = await person.http.post("/v1/auth/email/verify", json={"token": token})
        assert answer.status_code == 204, answer.text

    return verify
