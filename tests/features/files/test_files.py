from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    make_folder,
    names_in,
    problem,
    root_of,
)


class TestGet:
    async def test_shows_the_file_and_its_current_version(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "a.pdf", size=7, content_type="application/pdf")
        seen = (await ada.http.get(f"/v1/files/{file['id']}")).json()
        assert seen["kind"] == "file"
        assert seen["name"] == "a.pdf"
        assert seen["size"] == 7
        assert seen["content_type"] == "application/pdf"
        assert seen["version_count"] == 1
        assert seen["folder_id"] == (await root_of(ada))["id"]
        assert seen["owner_id"] == ada.id
        assert seen["role"] == "owner"
        assert seen["trashed_at"] is None

    async def test_a_stranger_s_is_not_found(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        file = await put_file(ada)
        assert problem(await eve.http.get(f"/v1/files/{file['id']}")) == (404, "not_found")

    async def test_a_folder_is_no_file(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        assert problem(await ada.http.get(f"/v1/files/{folder['id']}")) == (404, "not_found")

    async def test_a_trashed_one_is_not_found(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        await ada.http.delete(f"/v1/files/{file['id']}")
        assert problem(await ada.http.get(f"/v1/files/{file['id']}")) == (404, "not_found")

    async def test_a_guest_does_not_learn_where_it_stands(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        file = await put_file(ada)
        await share(file, bob, "viewer")
        seen = (await bob.http.get(f"/v1/files/{file['id']}")).json()
        assert seen["folder_id"] is None
        assert seen["role"] == "viewer"


class TestChange:
    async def test_a_file_is_renamed_and_moved(self, register: Register, put_file: PutFile):
        ada = await register()
        file, folder = await put_file(ada, "a.txt"), await make_folder(ada, "A")
        body = {"name": "b.txt", "folder_id": folder["id"]}
        changed = (await ada.http.patch(f"/v1/files/{file['id']}", json=body)).json()
        assert changed["name"] == "b.txt"
        assert changed["folder_id"] == folder["id"]
        assert changed["version_id"] == file["version_id"]

    async def test_files_and_folders_share_one_set_of_names(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "a")
        await make_folder(ada, "B")
        answer = await ada.http.patch(f"/v1/files/{file['id']}", json={"name": "b"})
        assert problem(answer) == (409, "name_taken")

    async def test_an_unsafe_name_is_refused(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        answer = await ada.http.patch(f"/v1/files/{file['id']}", json={"name": "gpj.\u202eexe"})
        assert problem(answer) == (422, "invalid_name")

    async def test_a_file_cannot_go_into_a_file(self, register: Register, put_file: PutFile):
        ada = await register()
        file, other = await put_file(ada, "a"), await put_file(ada, "b")
        body = {"folder_id": other["id"]}
        answer = await ada.http.patch(f"/v1/files/{file['id']}", json=body)
        assert problem(answer) == (404, "not_found")

    async def test_a_viewer_may_not(self, register: Register, put_file: PutFile, share: Share):
        ada, bob = await register(), await register()
        file = await put_file(ada)
        await share(file, bob, "viewer")
        answer = await bob.http.patch(f"/v1/files/{file['id']}", json={"name": "mine.txt"})
        assert problem(answer) == (403, "role_required")

    async def test_an_editor_of_the_file_alone_may_rename_it(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        file = await put_file(ada)
        await share(file, bob, "editor")
        answer = await bob.http.patch(f"/v1/files/{file['id']}", json={"name": "better.txt"})
        assert answer.json()["folder_id"] is None
        assert await names_in(ada, await root_of(ada)) == ["better.txt"]

    async def test_a_body_that_is_no_object_is_refused(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        answer = await ada.http.patch(f"/v1/files/{file['id']}", json=["name"])
        assert problem(answer) == (422, "invalid_request")

    async def test_every_change_leaves_an_event(self, register: Register, put_file: PutFile):
        ada = await register()
        file, folder = await put_file(ada, "a.txt"), await make_folder(ada, "A")
        await ada.http.patch(f"/v1/files/{file['id']}", json={"name": "b.txt"})
        await ada.http.patch(f"/v1/files/{file['id']}", json={"folder_id": folder["id"]})
        await ada.http.delete(f"/v1/files/{file['id']}")
        await ada.http.post(f"/v1/trash/{file['id']}/restore")
        feed = (await ada.http.get(f"/v1/files/{file['id']}/activity")).json()["items"]
        actions = [event["action"] for event in feed]
        assert actions == ["file.restored", "file.trashed", "file.moved", "file.renamed"]
