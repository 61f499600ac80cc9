"""Naming a file or folder whose deletion is not committed yet: it is gone, and nothing breaks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, text

from backend.core.services import Services
from backend.features.tree.placement import lock_tree_of
from backend.models import Node
from tests.support.people import Person, Register
from tests.support.sharing import code, make_link, path_of, share
from tests.support.transfer import begin, complete, send, usage
from tests.support.trees import Json, PutFile, make_folder, root_of

BLOCKED = text(
    "SELECT EXISTS (SELECT FROM pg_stat_activity"
    " WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
)
Call = Callable[[Person, Json], Awaitable[httpx.Response]]


def new_upload(**what: str | int) -> Json:
    return {"name": "new.txt", "size": 5, **what}


async def share_it(ada: Person, node: Json) -> httpx.Response:
    return await share(ada, node, "guest@example.com")


async def link_it(ada: Person, node: Json) -> httpx.Response:
    return await ada.http.post(f"{path_of(node)}/links", json={})


async def copy_it(ada: Person, file: Json) -> httpx.Response:
    return await ada.http.post(f"{path_of(file)}/copy", json={"name": "copy"})


async def upload_a_version(ada: Person, file: Json) -> httpx.Response:
    return await ada.http.post("/v1/uploads", json=new_upload(file_id=file["id"]))


async def upload_into(ada: Person, folder: Json) -> httpx.Response:
    return await ada.http.post("/v1/uploads", json=new_upload(folder_id=folder["id"]))


async def upload_parts_into(ada: Person, folder: Json) -> httpx.Response:
    body = new_upload(folder_id=folder["id"], method="multipart")
    return await ada.http.post("/v1/uploads", json=body)


async def make_folder_in(ada: Person, folder: Json) -> httpx.Response:
    body = {"name": "new", "folder_id": folder["id"]}
    return await ada.http.post("/v1/folders", json=body)


FILE_CALLS: list[Call] = [share_it, link_it, copy_it, upload_a_version]
FOLDER_CALLS: list[Call] = [share_it, link_it, upload_into, upload_parts_into, make_folder_in]


def named(call: Call) -> str:
    return getattr(call, "__name__", "call")


@asynccontextmanager
async def while_deleted(
    services: Services, node: Json, call: Awaitable[httpx.Response]
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """Call once the node's rows are deleted; the body begins when the call waits for the commit."""
    async with services.database.transaction() as tx:
        node_id = UUID(node["id"])
        await lock_tree_of(tx, node_id, exclusive=True)
        await tx.execute(delete(Node).where(Node.id == node_id))
        task = asyncio.ensure_future(call)
        async with asyncio.timeout(10):
            while not task.done() and not (await tx.execute(BLOCKED)).scalar_one():
                await asyncio.sleep(0.01)
        yield task


async def answer_to(services: Services, node: Json, call: Awaitable[httpx.Response]) -> str:
    """What a call is answered that comes between a deletion and its commit."""
    async with while_deleted(services, node, call) as task:
        assert not task.done(), "it did not notice the deletion"
    return code(await task)


@pytest.mark.parametrize("call", FILE_CALLS, ids=named)
async def test_a_file_is_not_found(
    register: Register, put_file: PutFile, services: Services, call: Call
) -> None:
    ada = await register()
    file = await put_file(ada, "a.txt", b"hello")

    assert await answer_to(services, file, call(ada, file)) == "404 not_found"
    assert (await usage(ada))["reserved_bytes"] == 0


@pytest.mark.parametrize("call", FOLDER_CALLS, ids=named)
async def test_a_folder_is_not_found(register: Register, services: Services, call: Call) -> None:
    ada = await register()
    folder = await make_folder(ada, "Plans")

    assert await answer_to(services, folder, call(ada, folder)) == "404 not_found"
    assert (await usage(ada))["reserved_bytes"] == 0


async def test_nor_is_the_folder_a_file_is_copied_into(
    register: Register, put_file: PutFile, services: Services
) -> None:
    ada = await register()
    file, folder = await put_file(ada, "a.txt", b"hello"), await make_folder(ada, "Plans")
    copy = ada.http.post(f"{path_of(file)}/copy", json={"folder_id": folder["id"]})

    assert await answer_to(services, folder, copy) == "404 not_found"


async def test_an_upload_completed_into_it_goes_elsewhere(
    register: Register, services: Services
) -> None:
    ada = await register()
    folder = await make_folder(ada, "Plans")
    upload = await begin(ada, b"hello", folder_id=folder["id"])
    await send(upload["request"], b"hello")

    async with while_deleted(services, folder, complete(ada, upload)) as task:
        assert not task.done()

    assert (await task).json()["file"]["folder_id"] == (await root_of(ada))["id"]
    assert (await usage(ada))["reserved_bytes"] == 0


async def test_what_is_taken_back_is_there_again(register: Register, services: Services) -> None:
    ada = await register()
    folder = await make_folder(ada, "Plans")

    with pytest.raises(ConnectionAbortedError):
        async with while_deleted(services, folder, share_it(ada, folder)) as task:
            raise ConnectionAbortedError

    assert (await task).status_code == 201
    assert await make_link(ada, folder)
