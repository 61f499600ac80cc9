import asyncio

from backend.core.services import Services
from tests.support.jobs import run_jobs
from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    all_pages,
    problem,
    usage_of,
)

from .test_downloads import fetch


class TestList:
    async def test_the_newest_comes_first(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, size=1)
        for size in (2, 3):
            await put_file(ada, size=size, file_id=file["id"])
        versions = await all_pages(ada, f"/v1/files/{file['id']}/versions", limit=1)
        assert [version["size"] for version in versions] == [3, 2, 1]
        assert [version["is_current"] for version in versions] == [True, False, False]
        assert {version["created_by"] for version in versions} == {ada.id}

    async def test_a_stranger_s_are_not_found(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        file = await put_file(ada)
        answer = await eve.http.get(f"/v1/files/{file['id']}/versions")
        assert problem(answer) == (404, "not_found")

    async def test_a_tampered_cursor_is_refused(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        url = f"/v1/files/{file['id']}/versions"
        answer = await ada.http.get(url, params={"cursor": "WyJ4Il0"})
        assert problem(answer) == (422, "invalid_cursor")


class TestRestore:
    async def test_makes_it_current_and_keeps_the_others(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        old = await put_file(ada, "a.txt", b"old")
        new = await put_file(ada, "a.txt", b"newer", file_id=old["id"])
        url = f"/v1/files/{old['id']}/versions/{old['version_id']}/restore"
        restored = (await ada.http.post(url)).json()
        assert restored["version_id"] == old["version_id"]
        assert restored["size"] == 3
        assert restored["version_count"] == 2
        assert restored["updated_at"] > new["updated_at"]
        download = (await ada.http.post(f"/v1/files/{old['id']}/download-url")).json()
        assert (await fetch(download["url"])).content == b"old"

    async def test_another_file_s_version_is_not_found(self, register: Register, put_file: PutFile):
        ada = await register()
        file, other = await put_file(ada, "a"), await put_file(ada, "b")
        url = f"/v1/files/{file['id']}/versions/{other['version_id']}/restore"
        assert problem(await ada.http.post(url)) == (404, "not_found")

    async def test_a_viewer_may_not(self, register: Register, put_file: PutFile, share: Share):
        ada, bob = await register(), await register()
        file = await put_file(ada)
        await share(file, bob, "viewer")
        url = f"/v1/files/{file['id']}/versions/{file['version_id']}/restore"
        assert problem(await bob.http.post(url)) == (403, "role_required")


class TestDelete:
    async def test_frees_the_quota_and_the_bytes(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        old = await put_file(ada, "a", b"old")
        url = f"/v1/files/{old['id']}/download-url"
        download = (await ada.http.post(url)).json()
        await put_file(ada, "a", b"newer", file_id=old["id"])
        version = f"/v1/files/{old['id']}/versions/{old['version_id']}"
        assert (await ada.http.delete(version)).status_code == 204
        assert (await usage_of(ada))["used_bytes"] == len(b"newer")
        await run_jobs(services)
        assert (await fetch(download["url"])).status_code == 404
        assert problem(await ada.http.delete(version)) == (404, "not_found")

    async def test_the_current_one_stays(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        url = f"/v1/files/{file['id']}/versions/{file['version_id']}"
        assert problem(await ada.http.delete(url)) == (409, "current_version")

    async def test_an_editor_may_not(self, register: Register, put_file: PutFile, share: Share):
        ada, bob = await register(), await register()
        file = await put_file(ada)
        await put_file(ada, file_id=file["id"])
        await share(file, bob, "editor")
        url = f"/v1/files/{file['id']}/versions/{file['version_id']}"
        assert problem(await bob.http.delete(url)) == (403, "role_required")

    async def test_restoring_it_at_the_same_time_leaves_a_whole_file(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        for attempt in range(5):
            old = await put_file(ada, f"{attempt}.txt", size=1)
            await put_file(ada, size=2, file_id=old["id"])
            url = f"/v1/files/{old['id']}/versions/{old['version_id']}"
            deleted, restored = await asyncio.gather(
                ada.http.delete(url), ada.http.post(f"{url}/restore")
            )
            file = (await ada.http.get(f"/v1/files/{old['id']}")).json()
            outcome = (deleted.status_code, restored.status_code, file["size"])
            assert outcome in {(204, 404, 2), (409, 200, 1)}
