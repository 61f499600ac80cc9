"""Bytes of objects, for the worker: read in chunks, written whole if small.

Separate from the control calls, with threads, slots and a circuit breaker of its own, because a
stream keeps its slot for as long as its reader takes, and a completion must not wait for that.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from threading import Event
from typing import TYPE_CHECKING, Any

from backend.core.limits.guarded_service import GuardedService
from backend.core.s3.calls import Calls, Expected
from backend.core.s3.client import end_reads
from backend.core.s3.objects import ObjectNotFound, RangeEmpty

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CHUNK = 256 * 1024
"""Bytes read at a time and held for each stream; each chunk takes one call in a thread."""
MAX_PUT = 16 * 1024**2
"""The most bytes for one put: anything larger is uploaded by its owner, in parts."""

_REFUSALS: Expected = {
    "NoSuchKey": ObjectNotFound,
    "PreconditionFailed": ObjectNotFound,
    "InvalidRange": RangeEmpty,
}


class Streams:
    """Reads and writes the objects of one bucket.

    Args:
        client: a boto3 client; it may be the one for the control calls.
        bucket: the name of the bucket.
        s3: bounds each step: opening, each chunk, each put. It has threads for `places` reads and
            as many writes, so that neither waits for the other.
        places: how many objects are read at the same time; further readers wait.
    """

    def __init__(self, client: "S3Client", bucket: str, s3: GuardedService, *, places: int) -> None:
        self._client = client
        self._bucket = bucket
        self._call = Calls(s3)
        self._reading = asyncio.Semaphore(places)
        self._writing = asyncio.Semaphore(places)

    @asynccontextmanager
    async def get(
        self, key: str, *, etag: str, first: int = 0, last: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an object and yield its bytes in chunks of at most `CHUNK`; exiting closes it.

        A reader may take its time between two chunks, but S3 ends a connection that is idle for
        long. Do not open a second object inside the block: the slots could run out.

        Args:
            key: the key of the object.
            etag: as returned by `head`: bytes of any other object are never read.
            first: offset of the first byte.
            last: offset of the last byte, inclusive, as in a Range header (RFC 9110, 14.1.2); by
                default that of the object. A range is cut at the end, possibly to no bytes.

        Raises:
            ObjectNotFound: it has been deleted or replaced.
            DependencyUnavailable: S3 failed, or the next chunk did not arrive in time.
        """
        wanted: dict[str, Any] = {"Bucket": self._bucket, "Key": key, "IfMatch": f'"{etag}"'}
        if first or last is not None:
            wanted["Range"] = f"bytes={first}-{'' if last is None else last}"
        async with self._reading:
            transfer = _Transfer(self._client)
            try:
                with suppress(RangeEmpty):
                    await self._call(_REFUSALS, transfer.open, **wanted)
                yield self._chunks(transfer)
            finally:
                transfer.stop()

    async def _chunks(self, transfer: "_Transfer") -> AsyncIterator[bytes]:
        while chunk := await self._call({}, transfer.read):
            yield chunk

    async def put(
        self,
        key: str,
        body: bytes | AsyncIterator[bytes],
        *,
        size: int,
        content_type: str,
        cache_control: str,
    ) -> None:
        """Store a small object, verified by S3 with its SHA-256, replacing any existing one.

        Args:
            key: the key of the object, below the prefix of the feature it belongs to.
            body: its bytes, held in memory, because S3 needs their checksum first.
            size: the number of bytes, at most `MAX_PUT`.
            content_type: what S3 will serve it as.
            cache_control: how long clients may cache it.

        Raises:
            ValueError: there are more or fewer bytes than `size`, or too many.
            DependencyUnavailable: S3 failed.
        """
        content = await _collected(body, size)
        async with self._writing:
            await self._call(
                {},
                self._client.put_object,
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                CacheControl=cache_control,
                ChecksumSHA256=base64.b64encode(sha256(content).digest()).decode(),
            )


class _Transfer:
    """One GetObject. `open` and `read` block in a thread, one at a time; `stop` never blocks."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client
        self._body: Any = None
        self._stopped = Event()
        self._in_thread = False

    def open(self, **wanted: Any) -> None:
        """Send the request and read the response's head."""
        self._body = self._client.get_object(**wanted)["Body"]
        if self._stopped.is_set():
            self._body.close()

    def read(self) -> bytes:
        """The next chunk; empty at the end, or if nothing was opened."""
        if self._stopped.is_set():
            raise ValueError("The object is closed.")
        if self._body is None:
            return b""
        self._in_thread = True
        try:
            chunk: bytes = self._body.read(CHUNK)
            return chunk
        finally:
            self._in_thread = False
            if self._stopped.is_set():
                self._body.close()

    def stop(self) -> None:
        """Close the connection, even while a thread waits for bytes; harmless if it has ended."""
        self._stopped.set()
        if self._body is None:
            return  # a thread that is just opening it sees `_stopped` and closes it
        end_reads(self._body)
        if not self._in_thread:  # otherwise this would wait for the thread, which closes it itself
            self._body.close()


async def _collected(body: bytes | AsyncIterator[bytes], size: int) -> bytes:
    if size > MAX_PUT:
        raise ValueError(f"{size} bytes are too many for one put.")
    content = bytearray()
    if isinstance(body, bytes):
        content += body
    else:
        async for chunk in body:
            content += chunk
            if len(content) > size:
                break
    if len(content) != size:
        raise ValueError(f"The body does not have the declared {size} bytes.")
    return bytes(content)
