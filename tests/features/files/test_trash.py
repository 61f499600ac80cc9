from datetime import timedelta

from sqlalchemy import func, update

from backend.core.services import Services
from backend.features.tree import purge
from backend.features.tree.jobs import purge_trash, sweep_trash
from backend.models import Node
from tests.support.jobs import run_jobs
from tests.support.people import Person, Register
from tests.support.trees import (
    Json,
    PutFile,
    Share,
    all_pages,
    make_folder,
    names_in,
    problem,
    root_of,
    usage_of,
)

from .test_downloads import fetch


async def trash(person: Person, node: Json):
    return await person.http.delete(f"/v1/{node['kind']}s/{node['id']}")


async def restore(person: Person, node: Json):
    return await person.http.post(f"/v1/trash/{node['id']}/restore")


async def delete(person: Person, node: Json):
    return await person.http.delete(f"/v1/trash/{node['id']}")


async def trashed(person: Person, **query) -> list[str]:
    return [entry["name"] for entry in await all_pages(person, "/v1/trash", **query)]


class TestTrash:
    async def test_a_file_leaves_its_folder(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.txt")
        assert (await trash(ada, file)).status_code == 204
        assert await names_in(ada, await root_of(ada)) == []
        (entry,) = await all_pages(ada, "/v1/trash")
        assert entry["id"] == file["id"]
        assert entry["trashed_at"] is not None

    async def test_a_folder_is_one_entry(self, register: Register, put_file: PutFile):
        ada = await register()
        folder = await make_folder(ada, "A")
        file = await put_file(ada, "inside", folder_id=folder["id"])
        await trash(ada, folder)
        assert await trashed(ada) == ["A"]
        assert problem(await ada.http.get(f"/v1/files/{file['id']}")) == (404, "not_found")

    async def test_it_still_counts_against_the_quota(self, register: Register, put_file: PutFile):
        ada = await register()
        await trash(ada, await put_file(ada, size=1000))
        assert (await usage_of(ada))["used_bytes"] == 1000

    async def test_twice_is_not_found(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        await trash(ada, file)
        assert problem(await trash(ada, file)) == (404, "not_found")

    async def test_a_viewer_may_not(self, register: Register, put_file: PutFile, share: Share):
        ada, bob = await register(), await register()
        file = await put_file(ada)
        await share(file, bob, "viewer")
        assert problem(await trash(bob, file)) == (403, "role_required")

    async def test_an_editor_s_goes_to_the_owner_s_trash(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        await trash(bob, await put_file(ada, "a", folder_id=folder["id"]))
        assert await trashed(ada) == ["a"]
        assert await trashed(bob) == ["a"]


class TestList:
    async def test_the_last_trashed_comes_first(self, register: Register, put_file: PutFile):
        ada = await register()
        for name in "abc":
            await trash(ada, await put_file(ada, name))
        assert await trashed(ada, limit=1) == ["c", "b", "a"]

    async def test_only_those_who_may_restore_see_an_entry(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob, eve = await register(), await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "viewer")
        await share(folder, eve, "editor")
        await trash(ada, await put_file(ada, "a", folder_id=folder["id"]))
        await trash(ada, await put_file(ada, "private"))
        assert await trashed(bob) == []
        assert await trashed(eve) == ["a"]

    async def test_an_entry_shared_twice_stands_there_once(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        file = await put_file(ada, "a", folder_id=folder["id"])
        for node in (folder, file):
            await share(node, bob, "editor")
        await trash(ada, file)
        assert await trashed(bob) == ["a"]

    async def test_a_tampered_cursor_is_refused(self, register: Register):
        ada = await register()
        answer = await ada.http.get("/v1/trash", params={"cursor": "WyJ4IiwieSJd"})
        assert problem(answer) == (422, "invalid_cursor")


class TestRestore:
    async def test_brings_back_exactly_what_went(self, register: Register, put_file: PutFile):
        ada = await register()
        folder = await make_folder(ada, "A")
        inner = await make_folder(ada, "Inner", folder)
        before = await put_file(ada, "trashed before", folder_id=folder["id"])
        await put_file(ada, "kept", folder_id=inner["id"])
        await trash(ada, before)
        await trash(ada, folder)
        restored = (await restore(ada, folder)).json()
        assert restored["folder_id"] == (await root_of(ada))["id"]
        assert restored["trashed_at"] is None
        assert await names_in(ada, folder) == ["Inner"]
        assert await names_in(ada, inner) == ["kept"]
        assert await trashed(ada) == ["trashed before"]

    async def test_a_taken_name_gets_a_number(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.txt")
        await trash(ada, file)
        await put_file(ada, "A.TXT")
        assert (await restore(ada, file)).json()["name"] == "a (1).txt"

    async def test_goes_to_the_root_when_its_folder_is_in_the_trash(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        file = await put_file(ada, "a", folder_id=inner["id"])
        await trash(ada, inner)
        await trash(ada, outer)
        root = await root_of(ada)
        assert (await restore(ada, inner)).json()["folder_id"] == root["id"]
        assert (await ada.http.get(f"/v1/files/{file['id']}")).json()["folder_id"] == inner["id"]
        # Its ancestors are right again: what is below the outer folder is deleted, this is not.
        await delete(ada, outer)
        assert await names_in(ada, inner) == ["a"]

    async def test_what_is_inside_a_trashed_folder_is_no_entry(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        folder = await make_folder(ada, "A")
        file = await put_file(ada, "a", folder_id=folder["id"])
        await trash(ada, folder)
        assert problem(await restore(ada, file)) == (404, "not_found")

    async def test_an_editor_may(self, register: Register, put_file: PutFile, share: Share):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        file = await put_file(ada, "a", folder_id=folder["id"])
        await trash(bob, file)
        assert (await restore(bob, file)).json()["folder_id"] == folder["id"]

    async def test_an_editor_cannot_restore_into_a_root_they_cannot_edit(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        file = await put_file(ada, "a", folder_id=folder["id"])
        await trash(bob, file)
        await trash(ada, folder)
        assert problem(await restore(bob, file)) == (409, "parent_trashed")

    async def test_a_live_file_is_not_found(self, register: Register, put_file: PutFile):
        ada = await register()
        assert problem(await restore(ada, await put_file(ada))) == (404, "not_found")

    async def test_a_stranger_s_is_not_found(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        file = await put_file(ada)
        await trash(ada, file)
        assert problem(await restore(eve, file)) == (404, "not_found")


class TestDelete:
    async def test_frees_the_quota_at_once_and_the_bytes_soon(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        folder = await make_folder(ada, "A")
        file = await put_file(ada, "a", b"12345", folder_id=folder["id"])
        await put_file(ada, "a", b"1234567", file_id=file["id"])
        download = (await ada.http.post(f"/v1/files/{file['id']}/download-url")).json()
        await trash(ada, folder)
        assert (await delete(ada, folder)).status_code == 204
        assert (await usage_of(ada))["used_bytes"] == 0
        assert await trashed(ada) == []
        await run_jobs(services)
        assert (await fetch(download["url"])).status_code == 404

    async def test_what_is_not_in_the_trash_is_not_found(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        assert problem(await delete(ada, await put_file(ada))) == (404, "not_found")

    async def test_needs_the_role_owner(self, register: Register, put_file: PutFile, share: Share):
        ada, bob, cyd = await register(), await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        await share(folder, cyd, "owner")
        file = await put_file(ada, "a", size=9, folder_id=folder["id"])
        await trash(bob, file)
        assert problem(await delete(bob, file)) == (403, "role_required")
        assert (await delete(cyd, file)).status_code == 204
        assert (await usage_of(ada))["used_bytes"] == 0

    async def test_what_is_more_than_a_batch_goes_in_the_background(
        self, register: Register, put_file: PutFile, services: Services, monkeypatch
    ):
        monkeypatch.setattr(purge, "BATCH", 2)
        ada = await register()
        folder = await make_folder(ada, "A")
        inner = await make_folder(ada, "Inner", folder)
        for name in "abcde":
            await put_file(ada, name, size=1, folder_id=inner["id"])
        await trash(ada, folder)
        await delete(ada, folder)
        assert await trashed(ada) == []
        assert problem(await restore(ada, folder)) == (404, "not_found")
        assert (await usage_of(ada))["used_bytes"] == 3
        await run_jobs(services)
        assert (await usage_of(ada))["used_bytes"] == 0


class TestEmpty:
    async def test_deletes_everything_in_one_s_own_trash(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "owner")
        await trash(ada, await put_file(ada, "ada's", size=5, folder_id=folder["id"]))
        for name in "ab":
            await trash(bob, await put_file(bob, name))
        await put_file(bob, "kept", size=3)
        assert (await bob.http.delete("/v1/trash")).status_code == 204
        assert await trashed(bob) == ["ada's"]
        assert (await usage_of(bob))["used_bytes"] == 3
        assert (await usage_of(ada))["used_bytes"] == 5

    async def test_an_empty_one_stays_empty(self, register: Register):
        ada = await register()
        assert (await ada.http.delete("/v1/trash")).status_code == 204


class TestSweep:
    async def test_the_trash_empties_itself_in_time(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        old, new = await put_file(ada, "old", size=5), await put_file(ada, "new", size=7)
        for file in (old, new):
            await trash(ada, file)
        await age(services, old, days=services.settings.trash_days + 1)
        await age(services, new, days=services.settings.trash_days - 1)
        await sweep_trash(services)
        assert await trashed(ada) == ["new"]
        assert (await usage_of(ada))["used_bytes"] == 7

    async def test_what_a_crash_left_is_finished(
        self, register: Register, put_file: PutFile, services: Services, monkeypatch
    ):
        monkeypatch.setattr(purge, "BATCH", 1)
        ada = await register()
        folder = await make_folder(ada, "A")
        for name in "abc":
            await put_file(ada, name, size=1, folder_id=folder["id"])
        await trash(ada, folder)
        await delete(ada, folder)
        assert (await usage_of(ada))["used_bytes"] == 2
        await sweep_trash(services)
        await run_jobs(services)
        assert (await usage_of(ada))["used_bytes"] == 0

    async def test_purging_twice_frees_once(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        file = await put_file(ada, size=5)
        await put_file(ada, "kept", size=3)
        await trash(ada, file)
        await delete(ada, file)
        for _ in range(2):
            await purge_trash(services, owner_id=ada.id)
        assert (await usage_of(ada))["used_bytes"] == 3


async def age(services: Services, node: Json, *, days: int) -> None:
    """As if it had been trashed so long ago."""
    await services.database.autocommit.execute(
        update(Node)
        .where(Node.id == node["id"])
        .values(trashed_at=func.now() - timedelta(days=days))
    )
