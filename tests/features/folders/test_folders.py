import unicodedata

import pytest

from backend.core.services import Services
from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    chain,
    make_folder,
    names_in,
    problem,
    root_of,
)

NOWHERE = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"


class TestRoot:
    async def test_everyone_has_one_of_their_own(self, register: Register):
        ada = await register()
        root = await root_of(ada)
        assert root["kind"] == "folder"
        assert root["role"] == "owner"
        assert root["owner_id"] == ada.id
        assert root["folder_id"] is None

    async def test_it_cannot_be_renamed(self, register: Register):
        ada = await register()
        root = await root_of(ada)
        answer = await ada.http.patch(f"/v1/folders/{root['id']}", json={"name": "Mine"})
        assert problem(answer) == (409, "root_folder")

    async def test_it_cannot_be_moved(self, register: Register):
        ada = await register()
        root, folder = await root_of(ada), await make_folder(ada, "A")
        body = {"folder_id": folder["id"]}
        answer = await ada.http.patch(f"/v1/folders/{root['id']}", json=body)
        assert problem(answer) == (409, "root_folder")

    async def test_it_cannot_be_trashed(self, register: Register):
        ada = await register()
        root = await root_of(ada)
        assert problem(await ada.http.delete(f"/v1/folders/{root['id']}")) == (409, "root_folder")

    async def test_nobody_without_a_credential_gets_one(self, http):
        assert problem(await http.get("/v1/folders/root")) == (401, "unauthorized")


class TestCreate:
    async def test_goes_into_the_root_unless_told_otherwise(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "Invoices")
        assert folder["name"] == "Invoices"
        assert folder["folder_id"] == (await root_of(ada))["id"]

    async def test_goes_into_the_folder_given(self, register: Register):
        ada = await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        assert inner["folder_id"] == outer["id"]
        assert await names_in(ada, outer) == ["Inner"]

    async def test_the_same_name_twice_is_refused(self, register: Register):
        ada = await register()
        await make_folder(ada, "Invoices")
        answer = await ada.http.post("/v1/folders", json={"name": "Invoices"})
        assert problem(answer) == (409, "name_taken")

    async def test_names_that_differ_in_case_alone_collide(self, register: Register):
        ada = await register()
        await make_folder(ada, "Straße")
        answer = await ada.http.post("/v1/folders", json={"name": "STRASSE"})
        assert problem(answer) == (409, "name_taken")

    async def test_names_that_differ_in_unicode_form_alone_collide(self, register: Register):
        ada = await register()
        composed = await make_folder(ada, unicodedata.normalize("NFC", "Café"))
        answer = await ada.http.post(
            "/v1/folders", json={"name": unicodedata.normalize("NFD", "Café")}
        )
        assert problem(answer) == (409, "name_taken")
        assert composed["name"] == unicodedata.normalize("NFC", "Café")

    async def test_a_name_is_stored_in_nfc_without_outer_space(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, f"  {unicodedata.normalize('NFD', 'Ångström')} ")
        assert folder["name"] == unicodedata.normalize("NFC", "Ångström")

    async def test_the_same_name_in_another_folder_is_fine(self, register: Register):
        ada = await register()
        outer = await make_folder(ada, "A")
        assert (await make_folder(ada, "A", outer))["name"] == "A"

    async def test_a_name_of_255_bytes_fits(self, register: Register):
        ada = await register()
        name = "ü" * 127 + "x"
        assert len(name.encode()) == 255
        assert (await make_folder(ada, name))["name"] == name

    async def test_a_longer_name_is_refused(self, register: Register):
        ada = await register()
        answer = await ada.http.post("/v1/folders", json={"name": "ü" * 128})
        assert problem(answer) == (422, "invalid_name")

    @pytest.mark.parametrize(
        "name",
        ["", " ", ".", "..", "a/b", "a\\b", "a\x00b", "a\nb", "a\u202eb", "a\u2066b", "a\u2028b"],
    )
    async def test_an_unsafe_name_is_refused(self, register: Register, name: str):
        ada = await register()
        answer = await ada.http.post("/v1/folders", json={"name": name})
        assert problem(answer) == (422, "invalid_name")

    async def test_emoji_and_any_script_are_welcome(self, register: Register):
        ada = await register()
        for name in ("📁 Ключи", "文件夹", "مجلد", "a%b_c'd\"e;--"):
            assert (await make_folder(ada, name))["name"] == name

    async def test_an_unknown_folder_is_not_found(self, register: Register):
        ada = await register()
        answer = await ada.http.post("/v1/folders", json={"name": "A", "folder_id": NOWHERE})
        assert problem(answer) == (404, "not_found")

    async def test_a_stranger_s_folder_is_not_found(self, register: Register):
        ada, eve = await register(), await register()
        body = {"name": "A", "folder_id": (await root_of(ada))["id"]}
        assert problem(await eve.http.post("/v1/folders", json=body)) == (404, "not_found")

    async def test_a_file_is_no_place_for_a_folder(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        answer = await ada.http.post("/v1/folders", json={"name": "A", "folder_id": file["id"]})
        assert problem(answer) == (404, "not_found")

    async def test_a_viewer_may_not(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "viewer")
        answer = await bob.http.post("/v1/folders", json={"name": "A", "folder_id": folder["id"]})
        assert problem(answer) == (403, "role_required")

    async def test_an_editor_s_folder_belongs_to_the_tree(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        made = await make_folder(bob, "By Bob", folder)
        assert made["owner_id"] == ada.id
        assert made["role"] == "editor"

    async def test_fifty_levels_are_fine(self, register: Register, services: Services):
        ada = await register()
        *_, deepest = await chain(services, ada, 49)
        made = await make_folder(ada, "The fiftieth", {"id": deepest})
        assert made["folder_id"] == deepest

    async def test_a_hundred_and_one_levels_are_too_deep(
        self, register: Register, services: Services
    ):
        ada = await register()
        *_, deepest = await chain(services, ada, 100)
        body = {"name": "One more", "folder_id": deepest}
        assert problem(await ada.http.post("/v1/folders", json=body)) == (409, "folder_too_deep")

    async def test_repeating_the_request_makes_one_folder(self, register: Register):
        ada = await register()
        for _ in range(2):
            answer = await ada.http.post(
                "/v1/folders", json={"name": "Once"}, headers={"Idempotency-Key": "make-once"}
            )
            assert answer.status_code == 201
        assert await names_in(ada, await root_of(ada)) == ["Once"]

    async def test_a_misspelt_field_is_refused(self, register: Register):
        ada = await register()
        answer = await ada.http.post("/v1/folders", json={"name": "A", "parent_id": NOWHERE})
        assert problem(answer) == (422, "invalid_request")


class TestGet:
    async def test_a_stranger_s_is_not_found(self, register: Register):
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Private")
        assert problem(await eve.http.get(f"/v1/folders/{folder['id']}")) == (404, "not_found")

    async def test_a_file_is_no_folder(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        assert problem(await ada.http.get(f"/v1/folders/{file['id']}")) == (404, "not_found")

    async def test_a_guest_does_not_learn_where_it_stands(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        await share(inner, bob, "viewer")
        seen = (await bob.http.get(f"/v1/folders/{inner['id']}")).json()
        assert seen["folder_id"] is None
        assert seen["role"] == "viewer"

    async def test_a_guest_sees_where_things_below_stand(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        await share(outer, bob, "viewer")
        seen = (await bob.http.get(f"/v1/folders/{inner['id']}")).json()
        assert seen["folder_id"] == outer["id"]

    async def test_no_id_at_all_is_refused(self, register: Register):
        ada = await register()
        answer = await ada.http.get("/v1/folders/not-an-id")
        assert problem(answer) == (422, "invalid_request")


class TestRename:
    async def test_takes_the_new_name(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "Old")
        answer = await ada.http.patch(f"/v1/folders/{folder['id']}", json={"name": "New"})
        assert answer.json()["name"] == "New"
        assert answer.json()["updated_at"] > folder["updated_at"]
        assert await names_in(ada, await root_of(ada)) == ["New"]

    async def test_may_change_the_case_alone(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "readme")
        answer = await ada.http.patch(f"/v1/folders/{folder['id']}", json={"name": "README"})
        assert answer.json()["name"] == "README"

    async def test_a_taken_name_is_refused_and_changes_nothing(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        await make_folder(ada, "B")
        answer = await ada.http.patch(f"/v1/folders/{folder['id']}", json={"name": "b"})
        assert problem(answer) == (409, "name_taken")
        assert await names_in(ada, await root_of(ada)) == ["A", "B"]

    async def test_a_name_in_the_trash_is_free(self, register: Register):
        ada = await register()
        folder, other = await make_folder(ada, "A"), await make_folder(ada, "B")
        await ada.http.delete(f"/v1/folders/{other['id']}")
        answer = await ada.http.patch(f"/v1/folders/{folder['id']}", json={"name": "B"})
        assert answer.status_code == 200

    async def test_a_viewer_may_not(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "A")
        await share(folder, bob, "viewer")
        answer = await bob.http.patch(f"/v1/folders/{folder['id']}", json={"name": "B"})
        assert problem(answer) == (403, "role_required")

    async def test_a_key_that_only_reads_may_not(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        key = await ada.http.post("/v1/api-keys", json={"name": "k", "scopes": ["files:read"]})
        headers = {"Authorization": f"Bearer {key.json()['key']}"}
        path = f"/v1/folders/{folder['id']}"
        assert (await ada.http.get(path, headers=headers)).status_code == 200
        answer = await ada.http.patch(path, json={"name": "B"}, headers=headers)
        assert problem(answer) == (403, "scope_required")

    async def test_nothing_to_change_changes_nothing(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        assert (await ada.http.patch(f"/v1/folders/{folder['id']}", json={})).json() == folder
