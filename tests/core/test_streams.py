"""Bytes of objects, from a real S3 server and from one that fails in every way."""

import asyncio
import base64
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import boto3
import pytest

from backend.core.errors import DependencyUnavailable
from backend.core.limits.guarded_service import GuardedService
from backend.core.s3.client import in_our_words, s3_client
from backend.core.s3.objects import ObjectNotFound
from backend.core.s3.storage import Storage
from backend.core.s3.store import ObjectStore
from backend.core.s3.streams import CHUNK, MAX_PUT, Streams
from backend.core.settings import S3Settings
from tests.support.embedded_s3 import embedded_s3
from tests.support.faulty_server import (
    Behaviour,
    FaultyServer,
    answers,
    drips,
    faulty_server,
    hangs,
)

MIB = 1024**2
FOREVER = "public, max-age=86400, immutable"


@pytest.fixture
def streams(object_store: ObjectStore) -> Streams:
    return object_store.streams


def new_key() -> str:
    return f"objects/20261121/{uuid4()}"


async def put(store: ObjectStore, content: bytes, key: str = "") -> tuple[str, str]:
    """Store an object; its key and ETag."""
    key = key or new_key()
    await store.streams.put(
        key, content, size=len(content), content_type="image/webp", cache_control=FOREVER
    )
    return key, await etag_of(store.storage, key)


async def etag_of(storage: Storage, key: str) -> str:
    head = await storage.head(key)
    assert head
    return head.etag


async def read(
    streams: Streams, key: str, etag: str, first: int = 0, last: int | None = None
) -> bytes:
    async with streams.get(key, etag=etag, first=first, last=last) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def in_chunks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def put_large(store: ObjectStore, parts: int, part: bytes) -> tuple[str, str]:
    """Store an object of many parts, as a client would."""
    key = new_key()
    upload_id = await store.storage.create_multipart(key, content_type="video/mp4")
    for number in range(1, parts + 1):
        await asyncio.to_thread(
            store.storage._client.upload_part,
            Bucket="storage-tests",
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=part,
        )
    await store.storage.complete_multipart(
        key, upload_id, await store.storage.list_parts(key, upload_id)
    )
    return key, await etag_of(store.storage, key)


class TestGet:
    async def test_200_mb_pass_in_bounded_memory(self, object_store: ObjectStore) -> None:
        part = b"0123456789abcdef" * (MIB // 2)
        key, etag = await put_large(object_store, 25, part)
        digest, chunks_seen, largest = sha256(), 0, 0
        async with object_store.streams.get(key, etag=etag) as chunks:
            tracemalloc.start()
            try:
                async for chunk in chunks:
                    digest.update(chunk)
                    chunks_seen += 1
                    largest = max(largest, len(chunk))
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()

        expected = sha256()
        for _ in range(25):
            expected.update(part)
        assert digest.digest() == expected.digest()
        assert chunks_seen >= 25 * len(part) // CHUNK
        assert largest == CHUNK
        assert peak < 4 * MIB

    @pytest.mark.parametrize(
        ("part", "expected"),
        [
            ({"last": 3}, b"0123"),
            ({"first": 4, "last": 5}, b"45"),
            ({"first": 8}, b"89"),
            ({"first": 8, "last": 100}, b"89"),
            ({"first": 10}, b""),
            ({"last": 64 * 1024 - 1}, b"0123456789"),
        ],
    )
    async def test_of_a_range(
        self, object_store: ObjectStore, part: dict[str, int], expected: bytes
    ) -> None:
        key, etag = await put(object_store, b"0123456789")

        assert await read(object_store.streams, key, etag, **part) == expected

    @pytest.mark.parametrize("part", [{}, {"last": 64 * 1024 - 1}])
    async def test_of_an_empty_object_gives_nothing(
        self, object_store: ObjectStore, part: dict[str, int]
    ) -> None:
        key, etag = await put(object_store, b"")

        assert await read(object_store.streams, key, etag, **part) == b""

    async def test_of_nothing_is_told(self, streams: Streams) -> None:
        with pytest.raises(ObjectNotFound):
            await read(streams, new_key(), "0" * 32)

    async def test_never_gives_the_bytes_of_a_replaced_object(
        self, object_store: ObjectStore
    ) -> None:
        key, etag = await put(object_store, b"looked at")
        await put(object_store, b"something else", key)

        with pytest.raises(ObjectNotFound):
            await read(object_store.streams, key, etag)

    async def test_a_reader_may_stop_early_again_and_again(self, object_store: ObjectStore) -> None:
        """More often than there are places, threads and connections."""
        key, etag = await put(object_store, bytes(8 * MIB))
        async with asyncio.timeout(60):
            for _ in range(30):
                async with object_store.streams.get(key, etag=etag) as chunks:
                    assert len(await anext(chunks)) == CHUNK

            assert len(await read(object_store.streams, key, etag)) == 8 * MIB

    async def test_nothing_is_read_after_the_end(self, object_store: ObjectStore) -> None:
        key, etag = await put(object_store, bytes(2 * CHUNK))
        async with object_store.streams.get(key, etag=etag) as chunks:
            await anext(chunks)

        with pytest.raises(ValueError, match="closed"):
            await anext(chunks)

    async def test_full_places_hold_up_neither_control_calls_nor_puts(
        self, object_store: ObjectStore, s3_settings: S3Settings
    ) -> None:
        key, etag = await put(object_store, bytes(8 * MIB))
        entered, leave = asyncio.Semaphore(0), asyncio.Event()

        async def reader() -> None:
            async with object_store.streams.get(key, etag=etag) as chunks:
                await anext(chunks)
                entered.release()
                await leave.wait()

        readers = [asyncio.create_task(reader()) for _ in range(s3_settings.max_streams + 1)]
        for _ in range(s3_settings.max_streams):
            await entered.acquire()
        assert entered.locked()
        assert await object_store.storage.head(key) is not None
        await put(object_store, b"small")
        leave.set()
        await asyncio.gather(*readers)


class TestPut:
    async def test_stores_type_lifetime_and_verified_bytes(self, object_store: ObjectStore) -> None:
        key, _ = await put(object_store, b"picture")

        head = await object_store.storage.head(key)

        assert head
        assert head.checksum
        assert (head.size, head.content_type) == (7, "image/webp")
        assert head.checksum.value == base64.b64encode(sha256(b"picture").digest()).decode()
        raw = object_store.storage._client.head_object(Bucket="storage-tests", Key=key)
        assert raw["CacheControl"] == FOREVER

    async def test_takes_chunks(self, object_store: ObjectStore) -> None:
        key, content = new_key(), bytes(range(256)) * 1000
        await object_store.streams.put(
            key, in_chunks(content, 1000), size=len(content), content_type="a/b", cache_control=""
        )

        etag = await etag_of(object_store.storage, key)
        assert await read(object_store.streams, key, etag) == content

    @pytest.mark.parametrize("size", [9, 11, MAX_PUT + 1])
    async def test_refuses_another_number_of_bytes_than_promised(
        self, object_store: ObjectStore, size: int
    ) -> None:
        key = new_key()
        with pytest.raises(ValueError, match=f"{size} bytes"):
            await object_store.streams.put(
                key, in_chunks(b"0123456789", 4), size=size, content_type="a/b", cache_control=""
            )
        assert await object_store.storage.head(key) is None


async def test_a_store_that_is_killed_in_the_middle_is_unavailable(tmp_path: Path) -> None:
    with embedded_s3(tmp_path) as endpoint:
        session = boto3.Session(endpoint.access_key, endpoint.secret_key, region_name="us-east-1")
        settings = S3Settings(endpoint_url=endpoint.url, bucket="killed", max_attempts=1)
        client = s3_client(session, settings, endpoint.url)
        client.create_bucket(Bucket="killed")
        etag = client.put_object(Bucket="killed", Key="k", Body=bytes(32 * MIB))["ETag"].strip('"')
        s3 = GuardedService("killed-s3", translate=in_our_words, threads=2)
        opened = Streams(client, "killed", s3, places=1).get("k", etag=etag)
        chunks = await opened.__aenter__()
        await anext(chunks)
    with pytest.raises(DependencyUnavailable):
        async for _ in chunks:
            pass
    await opened.__aexit__(None, None, None)
    s3.close()


class TestFaults:
    """A server that answers, and then fails, where a chunk may take a third of a second."""

    DEADLINE = 0.3
    HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: "e"\r\nConnection: close\r\n\r\n'

    @pytest.fixture
    async def server(self) -> AsyncIterator[FaultyServer]:
        async with faulty_server(hangs) as server:
            yield server

    @pytest.fixture
    def streams(self, server: FaultyServer) -> Iterator[Streams]:
        session = boto3.Session("access-key", "secret-key", region_name="us-east-1")
        settings = S3Settings(endpoint_url=server.url, bucket="b", max_attempts=1, read_timeout=20)
        s3 = GuardedService(
            "streams-under-test",
            translate=in_our_words,
            threads=2,
            deadline=self.DEADLINE,
            threshold=100,
        )
        yield Streams(s3_client(session, settings, server.url), "b", s3, places=1)
        s3.close()

    async def fails(self, streams: Streams) -> float:
        started = perf_counter()
        with pytest.raises(DependencyUnavailable):
            await read(streams, "k", "e")
        return perf_counter() - started

    def begins(self, sent: bytes, *, then: str) -> Behaviour:
        async def behave(writer: asyncio.StreamWriter) -> None:
            writer.write(self.HEAD.format(10 * MIB).encode() + sent)
            await writer.drain()
            if then == "resets":
                writer.transport.abort()
            elif then == "drips":
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            elif then == "hangs":
                await asyncio.sleep(30)

        return behave

    @pytest.mark.parametrize(
        "behaviour",
        [hangs, drips, answers(500), answers(403)],
        ids=["hangs", "drips", "500", "403"],
    )
    async def test_before_the_first_byte(
        self, server: FaultyServer, streams: Streams, behaviour: Behaviour
    ) -> None:
        server.behaviour = behaviour
        assert await self.fails(streams) < 5

    @pytest.mark.parametrize("then", ["hangs", "drips", "resets", "ends"])
    async def test_in_the_middle(self, server: FaultyServer, streams: Streams, then: str) -> None:
        server.behaviour = self.begins(bytes(CHUNK + 1000), then=then)
        assert await self.fails(streams) < 5

    @pytest.mark.parametrize("then", ["hangs", "drips"])
    async def test_that_stall_give_their_threads_back(
        self, server: FaultyServer, streams: Streams, then: str
    ) -> None:
        """Ten readers on two threads: each gets one, though nobody ends the connections there."""
        server.behaviour = self.begins(b"", then=then)
        for _ in range(10):
            await self.fails(streams)

        content = bytes(1000)
        server.behaviour = answers(200, content.decode(), ETag='"e"')
        assert await read(streams, "k", "e") == content

    async def test_a_reader_that_is_cancelled_lets_go(
        self, server: FaultyServer, streams: Streams
    ) -> None:
        server.behaviour = self.begins(bytes(CHUNK), then="hangs")
        for _ in range(5):
            task = asyncio.create_task(read(streams, "k", "e"))
            while not server.requests:
                await asyncio.sleep(0)
            server.requests.clear()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        server.behaviour = answers(200, "fine", ETag='"e"')
        assert await read(streams, "k", "e") == b"fine"
