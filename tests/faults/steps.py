"""What a client does to its files, and every step at which the process doing it can be killed.

Each story sets the scene, does one thing to a process that dies at `point`, does it again as any
client would, and leaves in the ledger what must be true in the end.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tests.people import Person
from tests.sharing import make_link, public
from tests.transfer import Json, begin, send, send_parts

TRANSACTION = ("transaction.done", "transaction.committed")
SETTLED = ("complete.placed", "quota.changed", *TRANSACTION, "complete.settled")
ENDED = ("end.marked", "quota.changed", "end.enqueued", *TRANSACTION)

Story = Callable[["Client", str], Awaitable[None]]


@dataclass
class Ledger:
    """What the clients know, to be compared with what the product says in the end."""

    contents: dict[str, bytes] = field(default_factory=dict)  # upload id -> bytes that were sent
    gone: set[str] = field(default_factory=set)  # ids of files deleted for good
    current: dict[str, str] = field(default_factory=dict)  # file id -> version made current
    links: dict[str, tuple[int, int]] = field(default_factory=dict)  # id -> answered, asked
    opened: int = 0  # multipart uploads whose beginning was cut off


class Client:
    """One person on one lane, who tells whether a request was cut off."""

    def __init__(self, person: Person, ledger: Ledger, random: Random) -> None:
        self.person, self.ledger, self.random = person, ledger, random

    def bytes(self) -> bytes:
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

    async def uploaded(self, **fields: Any) -> Json:
        """A file, and the only thing that is not disturbed."""
        content = self.bytes()
        upload = await begin(self.person, content, f"{uuid4()}.txt", **fields)
        await send(upload["request"], content)
        answer = await self.ask("POST", f"/v1/uploads/{upload['id']}/complete")
        self.ledger.contents[upload["id"]] = content
        file: Json = answer.raise_for_status().json()["file"]
        return file


async def begins(client: Client, point: str) -> None:
    method = "multipart" if point == "begin.opened" else client.random.choice(["put", "multipart"])
    body = {"name": f"{uuid4()}.bin", "size": 10, "method": method}
    answer = await client.dying(point, "POST", "/v1/uploads", json=body)
    client.ledger.opened += answer is None and method == "multipart"


async def completes(client: Client, point: str) -> None:
    """The bytes are there: whoever completes, and however often, it becomes one file."""
    methods = {"complete.looked": "post", "complete.copied": "post"}
    methods |= dict.fromkeys(["complete.listed", "complete.joined"], "multipart")
    method = methods.get(point) or client.random.choice(["put", "post", "multipart"])
    content = client.bytes()
    upload = await begin(client.person, content, f"{uuid4()}.bin", method=method)
    if method == "multipart":
        await send_parts(upload, content)
    else:
        await send(upload["request"], content)
    client.ledger.contents[upload["id"]] = content
    await client.dying(point, "POST", f"/v1/uploads/{upload['id']}/complete")


async def aborts(client: Client, point: str) -> None:
    content = client.bytes()
    upload = await begin(client.person, content)
    await client.dying(point, "DELETE", f"/v1/uploads/{upload['id']}")
    again = await client.ask("DELETE", f"/v1/uploads/{upload['id']}")
    assert again.status_code == 204, again.text


async def deletes(client: Client, point: str) -> None:
    file = await client.uploaded()
    await client.ask("DELETE", f"/v1/files/{file['id']}")
    await client.dying(point, "DELETE", f"/v1/trash/{file['id']}")
    again = await client.ask("DELETE", f"/v1/trash/{file['id']}")
    assert again.status_code in {204, 404}, again.text
    client.ledger.gone.add(file["id"])


async def restores(client: Client, point: str) -> None:
    file, first = await _with_two_versions(client)
    path = f"/v1/files/{file['id']}/versions/{first}/restore"
    await client.dying(point, "POST", path)
    (await client.ask("POST", path)).raise_for_status()
    client.ledger.current[file["id"]] = first


async def deletes_a_version(client: Client, point: str) -> None:
    file, first = await _with_two_versions(client)
    path = f"/v1/files/{file['id']}/versions/{first}"
    await client.dying(point, "DELETE", path)
    again = await client.ask("DELETE", path)
    assert again.status_code in {204, 404}, again.text


async def copies(client: Client, point: str) -> None:
    file = await client.uploaded()
    await client.dying(point, "POST", f"/v1/files/{file['id']}/copy", json={})


async def downloads(client: Client, point: str) -> None:
    file = await client.uploaded()
    link = await make_link(client.person, file, max_downloads=5)
    answered = 0
    for dying in (True, False, False):
        ask = (
            client.dying(point, "POST", public(link, "/download-url"))
            if dying
            else client.ask("POST", public(link, "/download-url"))
        )
        answer = await ask
        answered += answer is not None and answer.is_success
    client.ledger.links[link["id"]] = (answered, 3)


async def _with_two_versions(client: Client) -> tuple[Json, str]:
    file = await client.uploaded()
    versions = await client.ask("GET", f"/v1/files/{file['id']}/versions")
    first: str = versions.json()["items"][0]["id"]
    await client.uploaded(file_id=file["id"])
    return file, first


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
