"""Trees for tests: folders made over the API, files put there with their bytes, roles given.

A file comes about as a finished upload leaves it: an object in the bucket, a version, the quota.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import insert

from backend.core.services import Services
from backend.features.files.versions import NewVersion, add_version
from backend.features.tree.placement import create_node, lock_tree_of, target_folder
from backend.kit.ids import uuid7
from backend.kit.text.names import clean_name
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant
from backend.rules import access, quota
from tests.support.people import Person, plain_client

Json = dict[str, Any]
PutFile = Callable[..., Awaitable[Json]]
"""`await put_file(ada, "a.txt", b"...", folder_id=..., content_type=...)` gives the File."""
Share = Callable[[Json, Person, str], Awaitable[None]]
"""`await share(folder, bob, "editor")`."""


async def make_folder(person: Person, name: str, inside: Json | None = None) -> Json:
    """A new folder, in the root unless `inside` another one."""
    body = {"name": name, "folder_id": inside and inside["id"]}
    return document(await person.http.post("/v1/folders", json=body))


async def names_in(person: Person, folder: Json, **query: str | int) -> list[str]:
    """What a folder lists, in order."""
    return [item["name"] for item in await listed(person, folder, **query)]


async def listed(person: Person, folder: Json, **query: str | int) -> list[Json]:
    """Everything in a folder, page by page."""
    return await all_pages(person, f"/v1/folders/{folder['id']}/children", **query)


async def all_pages(person: Person, path: str, **query: str | int) -> list[Json]:
    """The items of every page of a list."""
    items: list[Json] = []
    cursor = None
    while True:
        params: Json = {**query, "cursor": cursor} if cursor else {**query}
        page = document(await person.http.get(path, params=params))
        items += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return items


async def root_of(person: Person) -> Json:
    """A person's root folder."""
    return document(await person.http.get("/v1/folders/root"))


async def usage_of(person: Person) -> Json:
    """A person's quota and use."""
    return document(await person.http.get("/v1/users/me/usage"))


def document(response: httpx.Response) -> Json:
    """What a successful call answered."""
    answer: Json = response.raise_for_status().json()
    return answer


def problem(response: httpx.Response) -> tuple[int, str]:
    """What went wrong, as a client branches on it."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["code"]


async def store_object(services: Services, content: bytes, content_type: str) -> str:
    """Put bytes into the bucket as a client does; return the key."""
    key = f"objects/20261121/{uuid7()}"
    ttl = services.settings.upload.url_ttl
    request = services.presigner.put(key, size=len(content), content_type=content_type, expires=ttl)
    async with plain_client() as client:
        answer = await client.put(request.url, content=content, headers=request.headers)
    answer.raise_for_status()
    return key


async def chain(services: Services, person: Person, length: int, name: str = "Level") -> list[str]:
    """The ids of folders inside each other, the outermost first; made without HTTP, to be fast."""
    ids: list[str] = []
    async with services.database.transaction() as tx:
        parent = await target_folder(tx, UUID(person.id), None)
        for level in range(length):
            node_id = await create_node(
                tx, parent, NodeKind.FOLDER, f"{name} {level}", rename=False
            )
            parent = await target_folder(tx, UUID(person.id), node_id)
            ids.append(str(node_id))
    return ids


def file_putter(services: Services) -> PutFile:
    """Makes `put_file`, with everything a finished upload leaves behind."""

    async def put_file(
        person: Person,
        name: str = "notes.txt",
        content: bytes | None = None,
        *,
        size: int = 5,
        content_type: str = "text/plain",
        folder_id: str | None = None,
        file_id: str | None = None,
    ) -> Json:
        key = f"objects/20261121/{uuid7()}"
        if content is not None:
            size, key = len(content), await store_object(services, content, content_type)
        user_id = UUID(person.id)
        version = NewVersion(key, size, content_type, f"etag-{key[-12:]}", None, None, user_id)
        async with services.database.transaction() as tx:
            if file_id is None:
                parent = await target_folder(tx, user_id, UUID(folder_id) if folder_id else None)
                node_id = await create_node(
                    tx, parent, NodeKind.FILE, clean_name(name), rename=False
                )
            else:
                node_id = UUID(file_id)
                await lock_tree_of(tx, node_id)
                parent = await access.require(tx, user_id, node_id, Role.EDITOR)
            await add_version(tx, node_id, version)
            await quota.charge(tx, parent.space_id, size)
        return document(await person.http.get(f"/v1/files/{node_id}"))

    return put_file


def sharer(services: Services) -> Share:
    """Makes `share`."""

    async def share(node: Json, person: Person, role: str) -> None:
        grant = {
            "node_id": UUID(node["id"]),
            "user_id": UUID(person.id),
            "role": Role[role.upper()],
        }
        await services.database.autocommit.execute(insert(Grant).values(grant))

    return share
