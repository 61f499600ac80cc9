"""The bucket is down, slow or rude: callers hear it soon, and service resumes by itself."""

import asyncio
import threading
from time import perf_counter

import boto3
import pytest
from prometheus_client import REGISTRY

from backend.core.errors import DependencyUnavailable
from backend.core.limits.guarded_service import GuardedService
from backend.core.s3.client import in_our_words, s3_client
from backend.core.s3.objects import MultipartNotFound, Part, PartsRefused
from backend.core.s3.storage import Storage
from backend.core.settings import S3Settings
from tests.support.faulty_server import (
    answers,
    drips,
    faulty_server,
    hangs,
    in_turn,
    resets,
    resets_midway,
)

PATIENT, HASTY = 20.0, 0.3
"""Seconds a call may take: where its answer counts, and where only that it ends."""
SOON, LATE = 0.2, 60.0
"""Seconds after which an open breaker tries again."""
THRESHOLD, THREADS = 3, 2
hasty = pytest.mark.parametrize("deadline", [HASTY])
recovers_soon = pytest.mark.parametrize("recovery", [SOON])
PARTS = [Part(1, 5, "etag")]


def error(code):
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>Why</Message></Error>'


@pytest.fixture
async def server():
    async with faulty_server(answers(200)) as server:
        yield server


@pytest.fixture
def attempts():
    return 1


@pytest.fixture
def deadline():
    return PATIENT


@pytest.fixture
def recovery():
    return LATE


@pytest.fixture
def storage(server, attempts, deadline, recovery):
    settings = S3Settings(
        endpoint_url=server.url,
        bucket="bucket",
        connect_timeout=deadline,
        read_timeout=deadline,
        max_attempts=attempts,
    )
    session = boto3.Session("access-key", "secret-key", region_name="us-east-1")
    s3 = GuardedService(
        "s3-under-test",
        translate=in_our_words,
        threads=THREADS,
        deadline=deadline,
        threshold=THRESHOLD,
        recovery=recovery,
    )
    yield Storage(s3_client(session, settings, server.url), "bucket", s3)
    s3.close()


async def fails(call) -> float:
    """The seconds it took to fail as it should."""
    started = perf_counter()
    with pytest.raises(DependencyUnavailable) as caught:
        await call
    assert int(caught.value.headers["Retry-After"]) >= 1
    return perf_counter() - started


def breaker_is(state):
    labels = {"service": "s3-under-test", "circuit_breaker_state": state}
    return REGISTRY.get_sample_value("circuit_breaker_state", labels) == 1


@hasty
class TestEveryFaultEndsSoon:
    @pytest.mark.parametrize(
        "behaviour",
        [
            answers(500, error("InternalError")),
            answers(503, error("SlowDown")),
            answers(503, "<html>Bad gateway</html>"),
            answers(200, "no XML at all"),
            answers(200, "<ListBucketResult><Contents>"),
            hangs,
            drips,
            resets,
            resets_midway,
        ],
        ids=["500", "503", "slow down", "nonsense", "no XML", "hangs", "drips", "resets", "midway"],
    )
    async def test_as_unavailable(self, server, storage, behaviour):
        server.behaviour = behaviour
        pages = storage.list_objects()
        assert await fails(anext(pages)) < PATIENT / 2

    async def test_also_when_nobody_listens(self, storage):
        storage._client.meta.events.register(
            "before-send.s3", lambda request, **_: setattr(request, "url", "http://127.0.0.1:1/")
        )
        assert await fails(storage.head("k")) < PATIENT / 2


@pytest.mark.parametrize("attempts", [2])
async def test_a_fault_that_passes_is_not_noticed(server, storage):
    server.behaviour = in_turn(answers(503, error("SlowDown")), answers(200))
    await storage.check()
    assert len(server.requests) == 2


class TestBreaker:
    async def break_it(self, server, storage):
        server.behaviour = answers(500)
        for _ in range(THRESHOLD):
            await fails(storage.check())

    async def test_opens_and_spares_the_service(self, server, storage):
        await self.break_it(server, storage)
        assert breaker_is("opened")
        asked = len(server.requests)
        await fails(storage.check())
        assert len(server.requests) == asked

    @recovers_soon
    async def test_closes_when_the_service_is_back(self, server, storage):
        await self.break_it(server, storage)
        server.behaviour = answers(200)
        await asyncio.sleep(SOON)
        await storage.check()
        assert breaker_is("closed")

    @recovers_soon
    async def test_opens_again_at_the_first_fault_after_the_pause(self, server, storage):
        await self.break_it(server, storage)
        await asyncio.sleep(SOON)
        await fails(storage.check())
        assert breaker_is("opened")

    @pytest.mark.parametrize("status", [400, 403, 404, 412])
    async def test_does_not_count_what_the_service_refuses(self, server, storage, status):
        server.behaviour = answers(status)
        for _ in range(THRESHOLD + 2):
            await fails(storage.check())
        assert len(server.requests) == THRESHOLD + 2
        assert breaker_is("closed")

    @pytest.mark.parametrize("deadline", [2.0])
    async def test_does_not_count_callers_who_leave(self, server, storage):
        server.behaviour = hangs
        for _ in range(THRESHOLD + 1):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(storage.check(), 0.01)
        assert breaker_is("closed")


@hasty
async def test_a_hanging_service_holds_no_more_threads_than_allowed(server, storage):
    before = set(threading.enumerate())
    server.behaviour = hangs
    calls = [asyncio.create_task(fails(storage.check())) for _ in range(20)]
    assert max(await asyncio.gather(*calls)) < PATIENT / 2
    assert len(set(threading.enumerate()) - before) <= THREADS


class TestCompletion:
    """The answers of CompleteMultipartUpload that are not what they seem."""

    async def complete(self, storage):
        await storage.complete_multipart("k", "upload", PARTS)

    @pytest.mark.parametrize("code", ["InvalidPart", "InvalidPartOrder", "EntityTooSmall"])
    @pytest.mark.parametrize("status", [400, 200])
    async def test_refused_parts_are_told_apart(self, server, storage, code, status):
        # S3 may send 200, spaces to keep the connection, and only then an error.
        server.behaviour = answers(status, error(code).replace("<Error>", "\n   <Error>"))
        with pytest.raises(PartsRefused, match=code):
            await self.complete(storage)

    async def test_an_upload_that_is_gone_is_told_apart(self, server, storage):
        server.behaviour = answers(404, error("NoSuchUpload"))
        with pytest.raises(MultipartNotFound):
            await self.complete(storage)

    async def test_an_error_inside_a_200_is_an_error(self, server, storage):
        server.behaviour = answers(200, error("InternalError"))
        await fails(self.complete(storage))

    async def test_an_answer_without_etag_is_success(self, server, storage):
        server.behaviour = answers(200, "<CompleteMultipartUploadResult/>")
        await self.complete(storage)


class TestLenientServers:
    MODIFIED = "Sat, 21 Nov 2026 03:00:00 GMT"

    async def test_an_object_may_have_no_checksum(self, server, storage):
        server.behaviour = answers(200, ETag='"e-2"', Last_Modified=self.MODIFIED)
        head = await storage.head("k")
        assert (head.etag, head.checksum, head.content_type) == ("e-2", None, "")

    async def test_a_checksum_of_its_own_kind_is_no_checksum(self, server, storage):
        headers = {"x_amz_checksum_sha256": "?", "Last_Modified": self.MODIFIED}
        server.behaviour = answers(200, ETag='"e"', **headers)
        assert (await storage.head("k")).checksum is None

    async def test_bulk_deletes_carry_the_md5_that_some_insist_on(self, server, storage):
        seen = []
        storage._client.meta.events.register(
            "before-send.s3", lambda request, **_: seen.append(dict(request.headers))
        )
        server.behaviour = answers(200, "<DeleteResult/>")
        await storage.delete(["objects/k"])
        assert seen[0]["Content-MD5"]

    async def test_keys_that_stay_are_named(self, server, storage):
        server.behaviour = answers(
            200,
            "<DeleteResult><Error><Key>objects/a</Key><Code>AccessDenied</Code></Error>"
            "<Error><Key>objects/b</Key><Code>NoSuchKey</Code></Error></DeleteResult>",
        )
        keys = ["objects/a", "objects/b", "objects/c"]
        assert await storage.delete(keys) == [("objects/a", "AccessDenied")]
