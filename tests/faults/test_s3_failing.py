"""S3 fails in every way a server can; the product says so, soon, and goes on by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from pydantic import SecretStr

from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from backend.worker import run_worker
from tests.conftest import UNLIMITED, new_database, serve
from tests.faults.proxy import Proxy, proxy
from tests.support.embedded_s3 import Endpoint
from tests.support.faulty_server import (
    Behaviour,
    answers,
    drips,
    hangs,
    resets,
    resets_midway,
)
from tests.support.people import Person, Register, people
from tests.support.transfer import (
    begin,
    complete,
    send,
    send_parts,
    upload_file,
)

HELLO = b"hello, world"
DEADLINE = 10.0
"""Seconds that `core/limits/guarded_service.py` gives a call: the longest a request takes."""
SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"

FAILURES: dict[str, Behaviour] = {
    "500": answers(500, "<Error><Code>InternalError</Code></Error>"),
    "503 SlowDown": answers(503, SLOW_DOWN),
    "no answer": hangs,
    "an answer in drips": drips,
    "a reset": resets,
    "a reset in the middle of an answer": resets_midway,
    "nonsense": answers(200, "<not XML"),
}


@pytest.fixture(scope="module")
async def s3(s3_endpoint: Endpoint) -> AsyncIterator[Proxy]:
    async with proxy(s3_endpoint.url) as s3:
        yield s3


@pytest.fixture(scope="module")
async def own_settings(s3: Proxy, s3_endpoint: Endpoint, postgres_url: str) -> Settings:
    """Clients reach S3 directly; the product reaches it through the proxy."""
    return Settings(
        s3=S3Settings(
            endpoint_url=s3.url,
            public_endpoint_url=s3_endpoint.url,
            bucket="s3-failing",
            connect_timeout=2,
            read_timeout=2,
        ),
        database=DatabaseSettings(url=SecretStr(await new_database(postgres_url))),
        auth=AuthSettings(**UNLIMITED),
    )


@pytest.fixture(scope="module")
async def api(own_settings: Settings) -> AsyncIterator[str]:
    async with open_services(own_settings) as services, serve(own_settings) as url:
        await services.storage.ensure_bucket([])
        yield url


@pytest.fixture
async def register(api: str, s3: Proxy) -> AsyncIterator[Register]:
    """With a breaker that is closed, whatever the test before has left."""
    async with people(api) as register:
        somebody = await register()
        await until_available(lambda: begin_parts(somebody))
        yield register
        s3.behave(None)


@pytest.fixture
async def ada(register: Register) -> Person:
    return await register("ada")


def assert_unavailable(answer: httpx.Response, started: float) -> None:
    assert time.monotonic() - started < DEADLINE + 1
    assert (answer.status_code, answer.json()["code"]) == (503, "dependency_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def begin_parts(ada: Person) -> httpx.Response:
    """Begin a multipart upload: S3 has to open it."""
    body = {"name": "parts.bin", "size": 5, "method": "multipart"}
    return await ada.http.post("/v1/uploads", json=body)


async def breaker(ada: Person) -> str:
    """The state that the metrics show."""
    lines = (await ada.http.get("/metrics")).text.splitlines()
    return next(
        line.partition('circuit_breaker_state="')[2].partition('"')[0]
        for line in lines
        if line.startswith("circuit_breaker_state{") and 's3"' in line and line.endswith(" 1.0")
    )


async def until_available(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Ask as a client does that heeds Retry-After."""
    async with asyncio.timeout(20):
        while True:
            answer = await ask()
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(min(int(answer.headers["retry-after"]), 1))


@pytest.mark.parametrize("failure", FAILURES)
async def test_requests_end_in_503_and_service_resumes(
    failure: str, ada: Person, s3: Proxy
) -> None:
    file = await upload_file(ada, HELLO, "before.txt")
    sent = await begin(ada, HELLO, "sent.txt")
    await send(sent["request"], HELLO)

    s3.behave(FAILURES[failure])
    started = time.monotonic()
    for answer in await asyncio.gather(complete(ada, sent), *(begin_parts(ada) for _ in range(5))):
        assert_unavailable(answer, started)
    assert await breaker(ada) in {"opened", "half-opened"}

    # What needs no S3 goes on meanwhile.
    assert (await ada.http.post(f"/v1/files/{file['id']}/download-url")).status_code == 200
    assert (await begin(ada, HELLO, "another.txt"))["state"] == "pending"

    s3.behave(None)
    answer = await until_available(lambda: complete(ada, sent))
    assert answer.json()["file"]["size"] == len(HELLO)
    assert await breaker(ada) == "closed"


async def test_an_open_breaker_answers_at_once(ada: Person, s3: Proxy) -> None:
    s3.behave(resets)
    await asyncio.gather(*(begin_parts(ada) for _ in range(5)))

    s3.behave(hangs)
    started = time.monotonic()
    answers = await asyncio.gather(*(begin_parts(ada) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {503}
    assert time.monotonic() - started < 2


async def test_a_completion_whose_answer_got_lost_is_found_done(ada: Person, s3: Proxy) -> None:
    """S3 joined the parts and the connection broke: completing again must not join or lose them."""
    upload = await begin(ada, HELLO, method="multipart")
    parts = await send_parts(upload, HELLO)

    s3.cut_answers()
    lost = await complete(ada, upload, parts=parts)
    s3.behave(None)
    again = await until_available(lambda: complete(ada, upload, parts=parts))

    assert lost.status_code == 503
    assert again.json()["file"]["size"] == len(HELLO)


async def test_a_multipart_upload_can_be_begun_again(ada: Person, s3: Proxy) -> None:
    s3.behave(FAILURES["503 SlowDown"])
    started = time.monotonic()
    assert_unavailable(await begin_parts(ada), started)

    s3.behave(None)
    answer = await until_available(lambda: begin_parts(ada))

    assert answer.status_code == 201
    usage = (await ada.http.get("/v1/users/me/usage")).json()
    assert usage["reserved_bytes"] == 5


async def test_the_worker_tries_again_until_s3_is_back(
    ada: Person, s3: Proxy, own_settings: Settings
) -> None:
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(own_settings, stop))
    async with open_services(own_settings) as services:
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]
        key = "objects/" + httpx.URL(upload["request"]["url"]).path.partition("/objects/")[2]

        s3.behave(FAILURES["500"])
        await ada.http.delete(f"/v1/files/{file['id']}")
        await ada.http.delete(f"/v1/trash/{file['id']}")
        await asyncio.sleep(2)
        assert not worker.done()
        s3.behave(None)

        assert await until_gone(services, key)
    stop.set()
    await worker


async def until_gone(services: Services, key: str) -> bool:
    async with asyncio.timeout(40):
        while await services.storage.head(key) is not None:
            await asyncio.sleep(0.2)
    return True
