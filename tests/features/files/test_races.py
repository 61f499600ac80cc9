"""What happens when two people want different things of one file at the same moment."""

import asyncio

import pytest

from backend.core.services import Services
from tests.support.jobs import run_jobs
from tests.support.people import Person, Register
from tests.support.transfer import (
    begin,
    complete,
    send,
    upload_file,
)
from tests.support.trees import (
    Json,
    PutFile,
    all_pages,
    make_folder,
    names_in,
    root_of,
    usage_of,
)

from .test_downloads import fetch

ROUNDS = range(4)


async def delete_for_good(person: Person, file: Json) -> int:
    await person.http.delete(f"/v1/files/{file['id']}")
    return (await person.http.delete(f"/v1/trash/{file['id']}")).status_code


async def counted(person: Person) -> int:
    """The bytes of all versions a person can list."""
    files = await all_pages(person, "/v1/files")
    versions = [await all_pages(person, f"/v1/files/{file['id']}/versions") for file in files]
    return sum(version["size"] for of_file in versions for version in of_file)


class TestRaces:
    @pytest.mark.parametrize("_round", ROUNDS)
    async def test_a_version_arrives_while_its_file_is_deleted(
        self, register: Register, services: Services, _round
    ):
        ada = await register()
        file = await upload_file(ada, b"first")
        upload = await begin(ada, b"second!", file_id=file["id"])
        await send(upload["request"], b"second!")
        completed, _ = await asyncio.gather(complete(ada, upload), delete_for_good(ada, file))
        assert completed.status_code in {200, 404, 409}
        await run_jobs(services)
        usage = await usage_of(ada)
        assert usage["reserved_bytes"] == 0
        assert usage["used_bytes"] == await counted(ada)

    @pytest.mark.parametrize("_round", ROUNDS)
    async def test_a_copy_is_made_while_the_file_is_deleted(
        self, register: Register, put_file: PutFile, services: Services, _round
    ):
        ada = await register()
        file = await put_file(ada, "a.txt", b"precious")
        copied, _ = await asyncio.gather(
            ada.http.post(f"/v1/files/{file['id']}/copy"), delete_for_good(ada, file)
        )
        await run_jobs(services)
        assert (await usage_of(ada))["used_bytes"] == await counted(ada)
        if copied.status_code == 201:
            url = f"/v1/files/{copied.json()['id']}/download-url"
            download = (await ada.http.post(url)).json()
            assert (await fetch(download["url"])).content == b"precious"
        else:
            assert copied.status_code == 404

    async def test_two_delete_the_same_and_the_quota_is_freed_once(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        await put_file(ada, "kept", size=7)
        file = await put_file(ada, "a", size=5)
        await ada.http.delete(f"/v1/files/{file['id']}")
        answers = await asyncio.gather(
            *(ada.http.delete(f"/v1/trash/{file['id']}") for _ in range(2)),
            ada.http.delete("/v1/trash"),
        )
        assert {answer.status_code for answer in answers} <= {204, 404}
        assert (await usage_of(ada))["used_bytes"] == 7

    async def test_copies_made_at_once_get_numbers_of_their_own(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "a.txt")
        copies = await asyncio.gather(
            *(ada.http.post(f"/v1/files/{file['id']}/copy") for _ in range(8))
        )
        assert [copy.status_code for copy in copies] == [201] * 8
        expected = {"a.txt", *(f"a ({number}).txt" for number in range(1, 9))}
        assert set(await names_in(ada, await root_of(ada))) == expected

    async def test_restoring_and_deleting_the_same_leaves_one_outcome(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        for name in "abc":
            folder = await make_folder(ada, name)
            await put_file(ada, "inside", size=1, folder_id=folder["id"])
            await ada.http.delete(f"/v1/folders/{folder['id']}")
            restored, deleted = await asyncio.gather(
                ada.http.post(f"/v1/trash/{folder['id']}/restore"),
                ada.http.delete(f"/v1/trash/{folder['id']}"),
            )
            assert {restored.status_code, deleted.status_code} in ({200, 404}, {404, 204})
        assert (await usage_of(ada))["used_bytes"] == await counted(ada)
