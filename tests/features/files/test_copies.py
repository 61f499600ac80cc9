import re

from sqlalchemy import update

from backend.core.services import Services
from backend.models import Space
from tests.support.jobs import run_jobs
from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    make_folder,
    names_in,
    problem,
    root_of,
    usage_of,
)

from .test_downloads import fetch


class TestCopy:
    async def test_stands_beside_the_file_under_a_number(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        folder = await make_folder(ada, "A")
        file = await put_file(ada, "a.txt", folder_id=folder["id"])
        for _ in range(2):
            answer = await ada.http.post(f"/v1/files/{file['id']}/copy")
            assert answer.status_code == 201
        assert await names_in(ada, folder) == ["a (1).txt", "a (2).txt", "a.txt"]

    async def test_holds_the_same_bytes(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.txt", b"same")
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy")).json()
        assert copy["id"] != file["id"]
        assert copy["etag"] == file["etag"]
        download = (await ada.http.post(f"/v1/files/{copy['id']}/download-url")).json()
        assert (await fetch(download["url"])).content == b"same"

    async def test_goes_where_it_is_told_under_the_name_given(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file, folder = await put_file(ada, "a.txt"), await make_folder(ada, "A")
        body = {"folder_id": folder["id"], "name": "b.txt"}
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy", json=body)).json()
        assert (copy["name"], copy["folder_id"]) == ("b.txt", folder["id"])

    async def test_a_name_that_was_given_is_not_changed(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "a.txt")
        answer = await ada.http.post(f"/v1/files/{file['id']}/copy", json={"name": "A.TXT"})
        assert problem(answer) == (409, "name_taken")

    async def test_only_the_current_version_is_copied(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, size=3)
        await put_file(ada, size=4, file_id=file["id"])
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy")).json()
        assert (copy["size"], copy["version_count"]) == (4, 1)

    async def test_a_name_of_255_bytes_is_shortened_for_its_number(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "ü" * 125 + "x.txt")
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy")).json()
        assert copy["name"] == "ü" * 123 + " (1).txt"

    async def test_beyond_99_copies_there_is_still_a_name(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "a.txt")
        for number in range(1, 100):
            await put_file(ada, f"a ({number}).txt")
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy")).json()
        assert re.fullmatch(r"a \(\d{3,9}\)\.txt", copy["name"])

    async def test_counts_against_the_quota(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, size=1000)
        await ada.http.post(f"/v1/files/{file['id']}/copy")
        assert (await usage_of(ada))["used_bytes"] == 2000

    async def test_without_room_nothing_is_copied(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        file = await put_file(ada, size=1000)
        await services.database.autocommit.execute(
            update(Space).where(Space.id == ada.id).values(quota_bytes=1999)
        )
        answer = await ada.http.post(f"/v1/files/{file['id']}/copy")
        assert problem(answer) == (409, "quota_exceeded")
        assert await names_in(ada, await root_of(ada)) == ["notes.txt"]

    async def test_a_viewer_copies_into_their_own_tree_and_pays(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        file = await put_file(ada, size=1000)
        await share(file, bob, "viewer")
        copy = (await bob.http.post(f"/v1/files/{file['id']}/copy")).json()
        assert copy["owner_id"] == bob.id
        assert copy["folder_id"] == (await root_of(bob))["id"]
        assert (await usage_of(bob))["used_bytes"] == 1000
        assert (await usage_of(ada))["used_bytes"] == 1000

    async def test_into_a_shared_folder_its_owner_pays(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        file = await put_file(bob, size=1000)
        body = {"folder_id": folder["id"]}
        copy = (await bob.http.post(f"/v1/files/{file['id']}/copy", json=body)).json()
        assert copy["owner_id"] == ada.id
        assert (await usage_of(ada))["used_bytes"] == 1000

    async def test_into_a_folder_one_only_reads_is_refused(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "viewer")
        file = await put_file(bob)
        body = {"folder_id": folder["id"]}
        answer = await bob.http.post(f"/v1/files/{file['id']}/copy", json=body)
        assert problem(answer) == (403, "role_required")

    async def test_a_stranger_s_file_is_not_found(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        file = await put_file(ada)
        answer = await eve.http.post(f"/v1/files/{file['id']}/copy")
        assert problem(answer) == (404, "not_found")

    async def test_outlives_the_file_it_was_made_of(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        file = await put_file(ada, "a.txt", b"shared bytes")
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy")).json()
        await ada.http.delete(f"/v1/files/{file['id']}")
        await ada.http.delete(f"/v1/trash/{file['id']}")
        await run_jobs(services)
        download = (await ada.http.post(f"/v1/files/{copy['id']}/download-url")).json()
        assert (await fetch(download["url"])).content == b"shared bytes"
        assert (await usage_of(ada))["used_bytes"] == len(b"shared bytes")
