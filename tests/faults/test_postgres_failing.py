"""PostgreSQL restarts under load: requests end in 503, and all goes on without our help."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, update

from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from backend.features.finalize.jobs import sweep
from backend.features.uploads.queries import is_open
from backend.models import Upload
from backend.worker import run_worker
from tests.conftest import UNLIMITED, new_database, serve
from tests.faults.healing import findings, let_time_pass
from tests.faults.servers import Server
from tests.support.embedded_s3 import Endpoint
from tests.support.jobs import run_jobs
from tests.support.people import Person, people
from tests.support.transfer import begin, complete, send

HELLO = b"hello, world"
CLIENTS = 8
RESTARTS = 3


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def own_settings(server: Server, s3_endpoint: Endpoint) -> Settings:
    return Settings(
        s3=S3Settings(endpoint_url=s3_endpoint.url, bucket="postgres-failing"),
        database=DatabaseSettings(url=SecretStr(await new_database(server.url))),
        auth=AuthSettings(**UNLIMITED),
    )


class Load:
    """Clients that upload and look, again and again, whatever they are told."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.longest = 0.0
        self.completed = 0
        self.stop = False

    async def client(self, person: Person) -> None:
        while not self.stop:
            body = {"name": "a.txt", "size": len(HELLO), "content_type": "text/plain"}
            begun = await self.ask(person, "POST", "/v1/uploads", json=body)
            await self.ask(person, "GET", "/v1/folders/root")
            if begun.status_code == 201:
                await send(begun.json()["request"], HELLO)
                path = f"/v1/uploads/{begun.json()['id']}/complete"
                done = await self.ask(person, "POST", path)
                self.completed += done.status_code == 200
            await asyncio.sleep(0.02)

    async def ask(self, person: Person, method: str, path: str, **body: object) -> httpx.Response:
        started = time.monotonic()
        answer = await person.http.request(method, path, **body)  # type: ignore[arg-type]
        self.longest = max(self.longest, time.monotonic() - started)
        self.statuses[answer.status_code] += 1
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
            await asyncio.sleep(0.1)
        return answer


async def test_restarts_under_load_cost_nothing_but_503s(
    server: Server, own_settings: Settings, record_property: Callable[[str, object], None]
) -> None:
    stop, load = asyncio.Event(), Load()
    outages = []
    async with (
        open_services(own_settings) as services,
        serve(own_settings) as url,
        people(url) as register,
        asyncio.TaskGroup() as tasks,
    ):
        await services.storage.ensure_bucket([])
        crowd = [await register() for _ in range(CLIENTS)]
        worker = tasks.create_task(run_worker(own_settings, stop))
        clients = [tasks.create_task(load.client(person)) for person in crowd]
        for _ in range(RESTARTS):
            await asyncio.sleep(1)
            await server.stop()
            await asyncio.sleep(0.5)
            await server.start()
            outages.append(await until_resumed(load))
        load.stop = True
        await asyncio.gather(*clients)
        assert await deletes_bytes(services, crowd[0])
        stop.set()
        await worker
        await heal(services)
        assert await findings(services) == []

    record_property(
        "figures",
        f"PostgreSQL restarted {RESTARTS} times under {CLIENTS} clients: answers "
        f"{dict(load.statuses)}, the longest after {load.longest:.1f} s, "
        f"service again {max(outages):.1f} s after it was back",
    )
    assert set(load.statuses) <= {200, 201, 409, 503}
    assert load.statuses[503] > 0
    assert load.longest < own_settings.request_timeout
    assert max(outages) < 5


async def until_resumed(load: Load) -> float:
    started, before = time.monotonic(), load.completed
    async with asyncio.timeout(20):
        while load.completed < before + 3:
            await asyncio.sleep(0.02)
    return time.monotonic() - started


async def deletes_bytes(services: Services, person: Person) -> bool:
    """Whether the worker, whose connection was lost so often, still does what it is for."""
    upload = await begin(person, HELLO)
    await send(upload["request"], HELLO)
    file = (await complete(person, upload)).json()["file"]
    key = "objects/" + httpx.URL(upload["request"]["url"]).path.partition("/objects/")[2]
    await person.http.delete(f"/v1/files/{file['id']}")
    await person.http.delete(f"/v1/trash/{file['id']}")
    async with asyncio.timeout(20):
        while await services.storage.head(key) is not None:
            await asyncio.sleep(0.1)
    return True


async def heal(services: Services) -> None:
    """What clients could not complete runs out of time."""
    expired = update(Upload).where(is_open).values(expires_at=func.now())
    await services.database.autocommit.execute(expired)
    await let_time_pass(services)
    await sweep(services)
    await let_time_pass(services)
    await run_jobs(services)
