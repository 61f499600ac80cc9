"""What a client does to its files, and every step at which the process doing it can be killed.

Each story sets the scene, does one thing to a process that dies at `point`, does it again as any
client would, and leaves in the ledger what must be true in the end.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tests.support.people import Person
from tests.support.sharing import make_link, public
from tests.support.transfer import (
    Json,
    send,
    send_parts,
)

COMMITTED = "transaction.committed"
"""Whoever dies here or later has done it; whoever dies before, nothing."""
TRANSACTION = ("transaction.done", COMMITTED)
SETTLED = ("complete.placed", "quota.changed", *TRANSACTION, "complete.settled")
ENDED = ("end.marked", "quota.changed", "end.enqueued", *TRANSACTION)

Story = Callable[["Client", str], Awaitable[None]]


@dataclass
class Sent:
    """Bytes that have reached S3: by whom, and whether their version was not deleted since."""

    person: Person
    content: bytes
    kept: bool = True


@dataclass
class Ledger:
    """What must be true in the end: each step says what a death at it leaves done and undone."""

    sent: dict[str, Sent] = field(default_factory=dict)  # by upload id
    ended: dict[str, str] = field(default_factory=dict)  # upload id -> how it ended without a file
    begun: dict[str, int] = field(default_factory=dict)  # name -> rows of a beginning cut off
    opened: int = 0  # multipart uploads that S3 has begun and no row owns
    copies: Counter[str] = field(default_factory=Counter)  # file id -> copies of it
    current: dict[str, str] = field(default_factory=dict)  # file id -> version made current
    downloads: dict[str, int] = field(default_factory=dict)  # link id -> times
    events: Counter[tuple[str, str]] = field(default_factory=Counter)  # action, subject -> times


class Client:
    """One person on one lane, who tells whether a request was cut off."""

    def __init__(self, person: Person, ledger: Ledger, random: Random) -> None:
        self.person, self.ledger, self.random = person, ledger, random

    def content(self) -> bytes:
        return self.random.randbytes(self.random.randint(1, 200))

    async def dying(self, point: str, method: str, path: str, **body: Any) -> httpx.Response | None:
        """Ask a process that dies at `point`; None when it did."""
        headers = {"X-Die-At": point}
        try:
            return await self.person.http.request(method, path, headers=headers, **body)
        except httpx.TransportError:
            return None

    async def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Ask a living one; the connection may still lead to the dead."""
        for _ in range(5):
            try:
                return await self.person.http.request(method, path, **body)
            except httpx.TransportError:
                continue
        raise AssertionError(f"{method} {path}: nobody answers")

    async def begun(self, content: bytes, **fields: Any) -> Json:
        """A pending upload of `content`."""
        body = {"name": f"{uuid4()}.bin", "size": len(content), "content_type": "text/plain"}
        answer = await self.ask("POST", "/v1/uploads", json=body | fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def uploaded(self, **fields: Any) -> Json:
        """A completed upload with its file, and the only thing that is not disturbed."""
        content = self.content()
        upload = await self.begun(content, **fields)
        await send(upload["request"], content)
        self.arrived(upload, content)
        answer = await self.ask("POST", f"/v1/uploads/{upload['id']}/complete")
        completed: Json = answer.raise_for_status().json()
        return completed

    def arrived(self, upload: Json, content: bytes) -> None:
        """Remember that the bytes have arrived: they must become a version."""
        self.ledger.sent[upload["id"]] = Sent(self.person, content)


async def begins(client: Client, point: str) -> None:
    """A put has one step only; a row is there as soon as its one statement is through."""
    opened = point == "begin.opened"
    method = "multipart" if opened else client.random.choice(["put", "multipart"])
    body: Json = {"name": f"{uuid4()}.bin", "size": 10, "method": method}
    assert await client.dying(point, "POST", "/v1/uploads", json=body) is None
    client.ledger.begun[body["name"]] = 0 if opened else 1
    client.ledger.opened += opened


async def completes(client: Client, point: str) -> None:
    """The bytes are there: whoever completes, and however often, it becomes one file."""
    methods = {"complete.looked": "post", "complete.copied": "post"}
    methods |= dict.fromkeys(["complete.listed", "complete.joined"], "multipart")
    method = methods.get(point) or client.random.choice(["put", "post", "multipart"])
    content = client.content()
    upload = await client.begun(content, method=method)
    if method == "multipart":
        await send_parts(upload, content)
    else:
        await send(upload["request"], content)
    client.arrived(upload, content)
    await client.dying(point, "POST", f"/v1/uploads/{upload['id']}/complete")


async def aborts(client: Client, point: str) -> None:
    content = client.content()
    upload = await client.begun(content)
    await client.dying(point, "DELETE", f"/v1/uploads/{upload['id']}")
    again = await client.ask("DELETE", f"/v1/uploads/{upload['id']}")
    assert again.status_code == 204, again.text
    client.ledger.ended[upload["id"]] = "aborted"
    client.ledger.events["upload.aborted", upload["id"]] = 1


async def deletes(client: Client, point: str) -> None:
    upload = await client.uploaded()
    file_id = upload["file"]["id"]
    await client.ask("DELETE", f"/v1/files/{file_id}")
    await client.dying(point, "DELETE", f"/v1/trash/{file_id}")
    again = await client.ask("DELETE", f"/v1/trash/{file_id}")
    assert again.status_code == (404 if point == COMMITTED else 204), again.text
    client.ledger.sent[upload["id"]].kept = False
    client.ledger.events["file.deleted", file_id] = 1


async def restores(client: Client, point: str) -> None:
    """Asked for twice, it is done twice if the first time was committed."""
    first, version = await _with_two_versions(client)
    file_id = first["file"]["id"]
    path = f"/v1/files/{file_id}/versions/{version}/restore"
    await client.dying(point, "POST", path)
    (await client.ask("POST", path)).raise_for_status()
    client.ledger.current[file_id] = version
    client.ledger.events["file.version_restored", file_id] = 1 + (point == COMMITTED)


async def deletes_a_version(client: Client, point: str) -> None:
    first, version = await _with_two_versions(client)
    file_id = first["file"]["id"]
    path = f"/v1/files/{file_id}/versions/{version}"
    await client.dying(point, "DELETE", path)
    again = await client.ask("DELETE", path)
    assert again.status_code == (404 if point == COMMITTED else 204), again.text
    client.ledger.sent[first["id"]].kept = False
    client.ledger.events["file.version_deleted", file_id] = 1


async def copies(client: Client, point: str) -> None:
    file_id = (await client.uploaded())["file"]["id"]
    await client.dying(point, "POST", f"/v1/files/{file_id}/copy", json={})
    client.ledger.copies[file_id] += point == COMMITTED


async def downloads(client: Client, point: str) -> None:
    """One whose answer got lost counts if it was committed."""
    file = (await client.uploaded())["file"]
    link = await make_link(client.person, file, max_downloads=5)
    assert await client.dying(point, "POST", public(link, "/download-url")) is None
    for _ in range(2):
        (await client.ask("POST", public(link, "/download-url"))).raise_for_status()
    times = 2 + (point == COMMITTED)
    client.ledger.downloads[link["id"]] = times
    client.ledger.events["link.downloaded", link["id"]] = times


async def _with_two_versions(client: Client) -> tuple[Json, str]:
    """The upload that made a file, and the version it became; another is current."""
    first = await client.uploaded()
    file_id = first["file"]["id"]
    versions = await client.ask("GET", f"/v1/files/{file_id}/versions")
    await client.uploaded(file_id=file_id)
    return first, versions.json()["items"][0]["id"]


STORIES: dict[Story, tuple[str, ...]] = {
    begins: ("begin.opened", "begin.recorded"),
    completes: (
        "complete.claimed",
        "complete.looked",
        "complete.copied",
        "complete.listed",
        "complete.joined",
        "complete.arrived",
        *SETTLED,
    ),
    aborts: (*ENDED, "abort.committed"),
    deletes: ("delete.versions", "delete.enqueued", "quota.changed", *TRANSACTION),
    restores: ("restore.switched", *TRANSACTION),
    deletes_a_version: ("version.deleted", "quota.changed", *TRANSACTION),
    copies: ("quota.taken", *TRANSACTION),
    downloads: TRANSACTION,
}

HEALING = (
    "complete.claimed",
    "complete.arrived",
    *SETTLED,
    "end.marked",
    "end.enqueued",
    "discard.looked",
    "discard.aborted",
    "discard.deleted",
    "objects.looked",
    "objects.deleted",
)
"""Steps at which a worker is killed."""
