"""Learning what one was never shown, from answers one may read: ids, former names, addresses.

Somebody who was given one file learns nothing of what lies around it or was before their time.
"""

from typing import Any

import httpx
import pytest

from backend.core.services import Services
from backend.kit.events import catalogue
from backend.kit.events.disclosure import NAMED_KINDS, NAMES, NODES
from tests.security.scenes import set_user
from tests.support.people import Person, Register, Verify
from tests.support.sharing import share as share_by_address
from tests.support.transfer import begin, complete, send, send_parts, upload_file
from tests.support.trees import Share, document, make_folder

Json = dict[str, Any]
HELLO = b"hello, world"
OWN_IDS = {"upload_id", "version_id", "node_id", "user_id"}
"""Of the file itself, or of what only its owners read."""


async def rename(person: Person, node: Json, name: str) -> None:
    document(await person.http.patch(f"/v1/{node['kind']}s/{node['id']}", json={"name": name}))


async def move(person: Person, node: Json, folder: Json) -> None:
    body = {"folder_id": folder["id"]}
    document(await person.http.patch(f"/v1/{node['kind']}s/{node['id']}", json=body))


async def told(person: Person, file: Json, action: str) -> list[Json]:
    """The data of each event of that kind that a file's activity shows, newest first."""
    activity = document(await person.http.get(f"/v1/files/{file['id']}/activity"))
    return [event["data"] for event in activity["items"] if event["action"] == action]


class TestTheFolderOfAnUpload:
    """An editor of one file uploads versions of it, and does not learn where it is kept."""

    @pytest.mark.parametrize("method", ["put", "post", "multipart"])
    async def test_is_not_told_to_an_editor_of_the_file_alone(
        self, register: Register, share: Share, method: str
    ) -> None:
        ada, eve = await register(), await register()
        file = await upload_file(ada, HELLO)
        await share(file, eve, "editor")

        begun = await begin(eve, HELLO, file_id=file["id"], method=method)
        got = document(await eve.http.get(f"/v1/uploads/{begun['id']}"))
        listed = document(await eve.http.get("/v1/uploads"))["items"][0]
        await (send(begun["request"], HELLO) if begun["request"] else send_parts(begun, HELLO))
        completed = document(await complete(eve, begun))
        afterwards = document(await eve.http.get(f"/v1/uploads/{begun['id']}"))

        answers = [begun, got, listed, completed, afterwards]
        assert [answer["folder_id"] for answer in answers] == [None] * 5
        assert completed["file"]["id"] == file["id"]

    async def test_is_told_to_those_who_see_it(self, register: Register, share: Share) -> None:
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Letters")
        await share(folder, bob, "editor")

        begun = await begin(bob, HELLO, folder_id=folder["id"])
        got = document(await bob.http.get(f"/v1/uploads/{begun['id']}"))
        await send(begun["request"], HELLO)
        completed = document(await complete(bob, begun))

        assert {answer["folder_id"] for answer in (begun, got, completed)} == {folder["id"]}

    async def test_is_not_told_any_more_to_an_editor_who_was_removed(
        self, register: Register, verify: Verify
    ) -> None:
        ada, bob = await register(), await register()
        await verify(bob)
        folder = await make_folder(ada, "Letters")
        given = document(await share_by_address(ada, folder, bob.email, "editor"))
        begun = await begin(bob, HELLO, folder_id=folder["id"])

        await ada.http.delete(f"/v1/shares/{given['id']}")

        got = document(await bob.http.get(f"/v1/uploads/{begun['id']}"))
        assert got["folder_id"] is None
        assert document(await bob.http.get("/v1/uploads"))["items"][0]["folder_id"] is None


class TestTheActivityOfAFile:
    async def test_tells_no_folder_that_the_viewer_does_not_see(
        self, register: Register, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        file, secret = await upload_file(ada, HELLO), await make_folder(ada, "Secret")
        await share(file, eve, "owner")
        await move(ada, file, secret)

        assert await told(eve, file, "file.moved") == [{"folder_id": None}]
        assert await told(ada, file, "file.moved") == [{"folder_id": secret["id"]}]

    async def test_tells_no_source_that_the_viewer_does_not_see(
        self, register: Register, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        source, folder = await upload_file(ada, HELLO), await make_folder(ada, "Shared")
        copied = await ada.http.post(
            f"/v1/files/{source['id']}/copy", json={"folder_id": folder["id"]}
        )
        await share(folder, eve, "viewer")

        assert await told(eve, document(copied), "file.copied") == [
            {"source_id": None, "size": len(HELLO)}
        ]
        assert (await told(ada, document(copied), "file.copied"))[0]["source_id"] == source["id"]

    @pytest.mark.parametrize("shared", ["the file", "its folder"])
    async def test_tells_no_name_from_before_the_share(
        self, register: Register, share: Share, shared: str
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Letters")
        file = await upload_file(ada, HELLO, "dismissal of eve.txt", folder_id=folder["id"])
        await rename(ada, file, "dismissal of e.txt")
        await rename(ada, file, "letter.txt")

        await share(file if shared == "the file" else folder, eve, "editor")
        await rename(ada, file, "mail.txt")

        nothing = {"name": None, "old_name": None}
        now = {"name": "mail.txt", "old_name": "letter.txt"}
        assert await told(eve, file, "file.renamed") == [now, nothing, nothing]
        assert (await told(ada, file, "file.renamed"))[-1]["old_name"] == "dismissal of eve.txt"

    @pytest.mark.parametrize("moved", ["the file", "a folder around it"])
    async def test_tells_no_name_from_before_it_was_moved_into_a_shared_folder(
        self, register: Register, share: Share, moved: str
    ) -> None:
        ada, eve = await register(), await register()
        shared, drafts = await make_folder(ada, "Shared"), await make_folder(ada, "Drafts")
        file = await upload_file(ada, HELLO, "dismissal of eve.txt", folder_id=drafts["id"])
        await share(shared, eve, "viewer")
        await rename(ada, file, "letter.txt")

        await move(ada, file if moved == "the file" else drafts, shared)

        assert await told(eve, file, "file.renamed") == [{"name": None, "old_name": None}]

    async def test_keeps_telling_an_editor_names_when_a_folder_above_the_shared_one_moves(
        self, register: Register, share: Share
    ) -> None:
        ada, bob = await register(), await register()
        outer, target = await make_folder(ada, "Outer"), await make_folder(ada, "Target")
        shared = await make_folder(ada, "Shared", inside=outer)
        file = await upload_file(ada, HELLO, "a.txt", folder_id=shared["id"])
        await share(shared, bob, "editor")
        await rename(ada, file, "b.txt")

        await move(ada, outer, target)

        assert await told(bob, file, "file.renamed") == [{"name": "b.txt", "old_name": "a.txt"}]

    def test_knows_every_field_that_holds_an_id_or_a_name(self) -> None:
        """A new field has to be decided about: it is withheld, or it is harmless."""
        fields = {
            (name, str(python))
            for kind, entry in catalogue()
            if kind.subject_kind in NAMED_KINDS
            for name, python in entry.data_fields()
        }

        ids = {name for name, python in fields if "UUID" in python}
        texts = {name for name, python in fields if "str" in python}
        assert ids - OWN_IDS == NODES
        assert texts == NAMES


class TestAnAddress:
    async def test_of_a_stranger_who_registers_with_mine_is_not_told(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register()
        body = {"email": ada.email, "password": "eleven loud geese"}
        (await http.post("/v1/auth/register", json=body)).raise_for_status()

        events = document(await ada.http.get("/v1/users/me/activity"))["items"]

        addresses = {event["action"]: event["ip"] for event in events}
        assert addresses["user.registered_again"] is None
        assert addresses["session.created"] == "127.0.0.1"

    async def test_of_the_administrator_is_not_told(
        self, register: Register, services: Services
    ) -> None:
        ada, root = await register(), await register()
        await set_user(services, root, role="admin")
        change = {"quota_bytes": 1_000_000}
        document(await root.http.patch(f"/v1/admin/users/{ada.id}", json=change))

        newest = document(await ada.http.get("/v1/users/me/activity"))["items"][0]

        assert (newest["action"], newest["ip"]) == ("user.administered", None)


class TestAnAdministrator:
    """They administer accounts and see no files; names would say what is in them."""

    async def test_reads_no_names_of_files_in_the_audit_trail(
        self, register: Register, services: Services
    ) -> None:
        ada, root = await register(), await register()
        await set_user(services, root, role="admin")
        folder = await make_folder(ada, "divorce")
        file = await upload_file(ada, HELLO, "divorce papers.txt", folder_id=folder["id"])
        await rename(ada, file, "divorce petition.txt")
        await ada.http.delete(f"/v1/folders/{folder['id']}")
        await ada.http.post(f"/v1/trash/{folder['id']}/restore")
        await begin(ada, HELLO, "divorce settlement.txt")

        trail = await root.http.get(f"/v1/admin/events?actor_id={ada.id}")

        assert "file.renamed" in trail.text
        assert "upload.begun" in trail.text
        assert "divorce" not in trail.text

    async def test_still_reads_what_an_api_key_is_called(
        self, register: Register, services: Services
    ) -> None:
        ada, root = await register(), await register()
        await set_user(services, root, role="admin")
        await ada.http.post("/v1/api-keys", json={"name": "backup", "scopes": ["files:read"]})

        trail = await root.http.get(f"/v1/admin/events?actor_id={ada.id}&action=api_key.created")

        assert trail.json()["items"][0]["data"]["name"] == "backup"
