"""Clients that do everything a client does, and remember what they were told."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import httpx

PASSWORD = "soaked grey herons"
MAX_SIZE = 64 * 1024
SERVER_ERROR = 500
Json = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """A request that got no answer, or one of the kind 5xx: whom it asked, from when to when."""

    url: str
    began: float
    ended: float
    what: str


@dataclass
class Log:
    """What all clients saw."""

    answers: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slowest: float = 0.0
    sent: dict[str, "Client"] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    wrong_bytes: int = 0


class Client:
    """One person. Asks one API, and the other one when that does not answer."""

    def __init__(self, urls: list[str], log: Log, random: Random) -> None:
        self.log, self.random = log, random
        self.files: dict[str, bytes] = {}
        self._urls = urls
        self._http = httpx.AsyncClient(verify=False, timeout=40)
        self._s3 = httpx.AsyncClient(verify=False, timeout=40)

    async def register(self) -> None:
        """Become somebody."""
        email = f"{uuid4().hex}@example.com"
        await self.ask("POST", "/v1/auth/register", json={"email": email, "password": PASSWORD})
        form = {"grant_type": "password", "username": email, "password": PASSWORD}
        tokens = await self.ask("POST", "/v1/auth/token", data=form)
        self._http.headers["Authorization"] = f"Bearer {tokens.json()['access_token']}"

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()
        await self._s3.aclose()

    async def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Ask until an API answers with something else than 5xx; note what was not right."""
        url = self.random.choice(self._urls)
        for attempt in range(20):
            started = time.monotonic()
            try:
                answer = await self._http.request(method, url + path, **body)
            except httpx.TransportError as error:
                what = type(error).__name__
            else:
                self.log.answers[answer.status_code] += 1
                self.log.slowest = max(self.log.slowest, time.monotonic() - started)
                if answer.status_code < SERVER_ERROR:
                    return answer
                what = str(answer.status_code)
            self.log.failures.append(Failure(url, started, time.monotonic(), what))
            url = self._urls[attempt % len(self._urls)]
            await asyncio.sleep(0.1)
        raise RuntimeError(f"{method} {path}: nobody answers")

    async def begin_and_send(self, **fields: Any) -> tuple[Json, bytes]:
        """Begin an upload and put its bytes into the bucket."""
        content = self.random.randbytes(self.random.randint(1, MAX_SIZE))
        method = self.random.choice(["put", "put", "post", "multipart"])
        body = {"name": f"{uuid4().hex}.bin", "size": len(content), "method": method, **fields}
        answer = await self.ask("POST", "/v1/uploads", json=body)
        upload: Json = answer.raise_for_status().json()
        if method == "post":
            form = upload["request"]
            files = {"file": ("blob", content)}
            sent = await self._s3.post(form["url"], data=form["fields"], files=files)
        else:
            request = upload["request"] or upload["parts"][0]
            sent = await self._s3.put(request["url"], headers=request["headers"], content=content)
        sent.raise_for_status()
        self.log.sent[upload["id"]] = self
        return upload, content

    async def upload(self, **fields: Any) -> str:
        """The whole way; gives the file's id."""
        upload, content = await self.begin_and_send(**fields)
        done = await self.ask("POST", f"/v1/uploads/{upload['id']}/complete")
        while done.status_code == httpx.codes.CONFLICT:  # who was completing it has just died
            await asyncio.sleep(5)
            done = await self.ask("POST", f"/v1/uploads/{upload['id']}/complete")
        file_id: str = done.raise_for_status().json()["file"]["id"]
        self.files[file_id] = content
        return file_id

    async def fetch(self, file_id: str) -> bytes:
        """Download a file."""
        signed = (await self.ask("POST", f"/v1/files/{file_id}/download-url")).json()
        return (await self._s3.get(signed["url"])).content

    async def check(self, file_id: str) -> None:
        """Compare a file's bytes with what was uploaded."""
        self.log.compared += 1
        self.log.wrong_bytes += await self.fetch(file_id) != self.files[file_id]

    async def read_back(self) -> None:
        """Compare all files there are."""
        for file_id in self.files:
            await self.check(file_id)

    def some_file(self) -> str | None:
        """One that is there."""
        return self.random.choice(list(self.files)) if self.files else None


async def abandon(client: Client) -> None:
    """Send the bytes and vanish: the worker has to complete it."""
    await client.begin_and_send()


async def abort(client: Client) -> None:
    """Send the bytes and think better of it."""
    upload, _ = await client.begin_and_send()
    await client.ask("DELETE", f"/v1/uploads/{upload['id']}")
    del client.log.sent[upload["id"]]


async def upload(client: Client) -> None:
    """A new file."""
    await client.upload()


async def download(client: Client) -> None:
    """Download a file."""
    if file_id := client.some_file():
        await client.check(file_id)


async def browse(client: Client) -> None:
    """Look around."""
    root = (await client.ask("GET", "/v1/folders/root")).json()["id"]
    await client.ask("GET", f"/v1/folders/{root}/children?limit=100")
    await client.ask("GET", "/v1/uploads?limit=50")


async def revise(client: Client) -> None:
    """A new version, then back to the old one, and the new one deleted."""
    if not (file_id := client.some_file()):
        return
    old = client.files[file_id]
    await client.upload(file_id=file_id)
    path = f"/v1/files/{file_id}/versions"
    new, before = (await client.ask("GET", path)).json()["items"][:2]
    await client.ask("POST", f"{path}/{before['id']}/restore")
    client.files[file_id] = old
    await client.ask("DELETE", f"{path}/{new['id']}")


async def copy(client: Client) -> None:
    """A copy, which shares the bytes."""
    if file_id := client.some_file():
        answer = await client.ask("POST", f"/v1/files/{file_id}/copy", json={})
        client.files[answer.raise_for_status().json()["id"]] = client.files[file_id]


async def delete(client: Client) -> None:
    """Into the trash and out of the world."""
    if file_id := client.some_file():
        del client.files[file_id]
        await client.ask("DELETE", f"/v1/files/{file_id}")
        await client.ask("DELETE", f"/v1/trash/{file_id}")


async def share(client: Client) -> None:
    """A link, and somebody who downloads through it."""
    if file_id := client.some_file():
        link = await client.ask("POST", f"/v1/files/{file_id}/links", json={"max_downloads": 3})
        token = link.raise_for_status().json()["token"]
        await client.ask("POST", f"/v1/public/links/{token}/download-url")


MIX: dict[Callable[[Client], Awaitable[None]], int] = {
    upload: 30,
    download: 25,
    browse: 20,
    delete: 10,
    revise: 5,
    copy: 4,
    share: 3,
    abort: 2,
    abandon: 1,
}


async def act(client: Client, until: float) -> None:
    """Do one thing after the other until then."""
    while time.monotonic() < until:
        [deed] = client.random.choices(list(MIX), weights=list(MIX.values()))
        await deed(client)
        client.log.done[deed.__name__] += 1
