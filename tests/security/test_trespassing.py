"""Getting at what is somebody else's: by mixing ids, by being quick, by asking for more."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

from backend.core.services import Services
from backend.kit.vocabulary import Role
from backend.models import Grant, User
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    new_email,
)
from tests.support.sharing import make_link, public
from tests.support.transfer import (
    begin,
    complete,
    send,
    upload_file,
    usage,
)
from tests.support.trees import (
    PutFile,
    Share,
    make_folder,
    root_of,
)

Json = dict[str, Any]
HELLO = b"hello, world"


async def take_back(services: Services, node: Json) -> None:
    gone = delete(Grant).where(Grant.node_id == UUID(node["id"]))
    await services.database.autocommit.execute(gone)


class TestMixedIds:
    """Every id is checked, not only the first one in the address."""

    async def test_a_version_of_another_file_is_not_found(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        hers, mine = await put_file(ada), await put_file(eve)
        url = f"/v1/files/{mine['id']}/versions/{hers['version_id']}"

        answers = [
            await eve.http.post(f"{url}/restore"),
            await eve.http.delete(url),
            await eve.http.post(
                f"/v1/files/{mine['id']}/download-url", json={"version_id": hers["version_id"]}
            ),
        ]

        assert [answer.status_code for answer in answers] == [404, 404, 404]

    async def test_nothing_goes_into_a_folder_of_somebody_else(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        hers, mine = await root_of(ada), await put_file(eve)
        into = {"folder_id": hers["id"]}
        url = f"/v1/files/{mine['id']}"

        answers = [
            await eve.http.patch(url, json=into),
            await eve.http.post(f"{url}/copy", json=into),
            await eve.http.post("/v1/folders", json={"name": "x", **into}),
            await eve.http.post("/v1/uploads", json={"name": "x", "size": 1, **into}),
            await eve.http.get("/v1/links", params={"node_id": hers["id"]}),
        ]

        assert [answer.status_code for answer in answers] == [404] * 5

    async def test_a_batch_with_one_foreign_file_gives_nothing(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        hers, mine = await put_file(ada), await put_file(eve)

        answer = await eve.http.post(
            "/v1/download-urls", json={"file_ids": [mine["id"], hers["id"]]}
        )

        assert answer.status_code == 404
        assert "X-Amz-Signature" not in answer.text

    async def test_a_link_leads_nowhere_but_below_its_folder(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        linked, secret = await make_folder(ada, "linked"), await make_folder(ada, "secret")
        outside = await put_file(ada, folder_id=secret["id"])
        link = await make_link(ada, linked)
        root = await root_of(ada)

        for folder_id in (secret["id"], root["id"], outside["id"], str(uuid4())):
            url = public(link, f"/children?folder_id={folder_id}")
            assert (await ada.http.get(url, headers={"Authorization": ""})).status_code == 404
        for file_id in (outside["id"], linked["id"], secret["id"], str(uuid4())):
            answer = await ada.http.post(
                public(link, "/download-url"),
                json={"file_id": file_id},
                headers={"Authorization": ""},
            )
            assert answer.status_code == 404

    async def test_a_role_on_a_file_is_none_on_what_lies_beside_it(
        self, register: Register, put_file: PutFile, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "folder")
        shared = await put_file(ada, "a", folder_id=folder["id"])
        beside = await put_file(ada, "b", folder_id=folder["id"])
        await share(shared, eve, "owner")

        seen = (await eve.http.get(f"/v1/files/{shared['id']}")).json()

        assert seen["folder_id"] is None
        for path in (f"/v1/files/{beside['id']}", f"/v1/folders/{folder['id']}"):
            assert (await eve.http.get(path)).status_code == 404

    async def test_moving_a_shared_folder_takes_inherited_roles_along_and_no_others(
        self, register: Register, put_file: PutFile, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        open_folder, closed = await make_folder(ada, "open"), await make_folder(ada, "closed")
        file = await put_file(ada, folder_id=open_folder["id"])
        await share(open_folder, eve, "viewer")
        assert (await eve.http.get(f"/v1/files/{file['id']}")).status_code == 200

        await ada.http.patch(f"/v1/files/{file['id']}", json={"folder_id": closed["id"]})

        assert (await eve.http.get(f"/v1/files/{file['id']}")).status_code == 404

    async def test_an_editor_cannot_make_themselves_more(
        self, register: Register, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "folder")
        await share(folder, eve, "editor")
        inner = await make_folder(eve, "inner", folder)

        tries = [
            await eve.http.post(
                f"/v1/folders/{node['id']}/shares", json={"email": eve.email, "role": "owner"}
            )
            for node in (folder, inner)
        ]

        assert [answer.status_code for answer in tries] == [403, 403]
        assert inner["owner_id"] == ada.id

    async def test_moving_does_not_make_an_editor_an_owner(
        self, register: Register, put_file: PutFile, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        edited, owned = await make_folder(ada, "edited"), await make_folder(ada, "owned")
        file = await put_file(ada, folder_id=edited["id"])
        await share(edited, eve, "editor")
        await share(owned, eve, "owner")
        url = f"/v1/files/{file['id']}"

        moved = await eve.http.patch(url, json={"folder_id": owned["id"]})
        linked = await eve.http.post(f"{url}/links", json={})
        await eve.http.delete(url)
        deleted = await eve.http.delete(f"/v1/trash/{file['id']}")

        assert [answer.status_code for answer in (moved, linked, deleted)] == [403] * 3


class TestLosingARole:
    async def test_while_uploading_ends_in_no_file(
        self, register: Register, services: Services, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "folder")
        await share(folder, eve, "editor")
        upload = await begin(eve, HELLO, folder_id=folder["id"])
        await send(upload["request"], HELLO)

        await take_back(services, folder)
        answer = await complete(eve, upload)

        assert (answer.status_code, answer.json()["code"]) == (409, "target_gone")
        assert (await usage(ada))["used_bytes"] == 0
        assert (await usage(ada))["reserved_bytes"] == 0

    async def test_to_viewer_while_uploading_a_version_leaves_the_file_as_it_is(
        self, register: Register, services: Services, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "folder")
        file = await upload_file(ada, b"original", folder_id=folder["id"])
        await share(folder, eve, "editor")
        upload = await begin(eve, HELLO, file_id=file["id"])
        await send(upload["request"], HELLO)

        lowered = update(Grant).where(Grant.node_id == UUID(folder["id"]))
        await services.database.autocommit.execute(lowered.values(role=Role.VIEWER))
        answer = await complete(eve, upload)

        assert answer.json()["code"] == "target_gone"
        after = (await ada.http.get(f"/v1/files/{file['id']}")).json()
        assert after["version_id"] == file["version_id"]

    async def test_after_uploading_hides_the_file_from_the_upload(
        self, register: Register, services: Services, share: Share
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "folder")
        await share(folder, eve, "editor")
        upload = await begin(eve, HELLO, folder_id=folder["id"])
        await send(upload["request"], HELLO)
        await complete(eve, upload)

        await take_back(services, folder)

        seen = (await eve.http.get(f"/v1/uploads/{upload['id']}")).json()
        assert seen["file"] is None
        assert (await complete(eve, upload)).json()["file"] is None

    async def test_of_the_one_who_linked_ends_the_link(
        self, register: Register, services: Services, share: Share, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "folder")
        await share(folder, eve, "owner")
        link = await make_link(eve, folder)

        await take_back(services, folder)

        answer = await eve.http.get(public(link), headers={"Authorization": ""})
        assert (answer.status_code, answer.json()["code"]) == (404, "link_not_found")


class TestMassAssignment:
    @pytest.mark.parametrize(
        ("method", "path", "body", "smuggled"),
        [
            ("POST", "/v1/auth/register", {"email": "{new}", "password": PASSWORD}, "role"),
            ("POST", "/v1/auth/register", {"email": "{new}", "password": PASSWORD}, "quota_bytes"),
            ("PATCH", "/v1/users/me", {"display_name": "x"}, "role"),
            ("PATCH", "/v1/users/me", {"display_name": "x"}, "email"),
            ("PATCH", "/v1/users/me", {"display_name": "x"}, "email_verified"),
            ("POST", "/v1/folders", {"name": "x"}, "owner_id"),
            ("PATCH", "/v1/folders/{root}", {"name": "x"}, "owner_id"),
            ("POST", "/v1/uploads", {"name": "x", "size": 1}, "object_key"),
            ("POST", "/v1/uploads", {"name": "x", "size": 1}, "state"),
            ("POST", "/v1/api-keys", {"name": "x", "scopes": ["files:read"]}, "user_id"),
            ("POST", "/v1/folders/{root}/links", {}, "token"),
            ("POST", "/v1/folders/{root}/links", {}, "download_count"),
        ],
    )
    async def test_is_refused(
        self, register: Register, method: str, path: str, body: Json, smuggled: str
    ) -> None:
        eve = await register()
        root = (await root_of(eve))["id"]
        before = (await eve.http.get("/v1/users/me")).json()
        wish = {
            key: value.replace("{new}", new_email()) if isinstance(value, str) else value
            for key, value in body.items()
        }

        answer = await eve.http.request(
            method, path.replace("{root}", root), json={**wish, smuggled: "admin"}
        )

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", smuggled]
        assert (await eve.http.get("/v1/users/me")).json() == before


async def set_roles(services: Services, whose: Any, role: str) -> list[UUID]:
    change = update(User).where(whose).values(role=role).returning(User.id)
    return list((await services.database.autocommit.execute(change)).scalars())


class TestRaces:
    async def test_two_last_admins_cannot_remove_each_other(
        self, register: Register, services: Services
    ) -> None:
        ada, bob = await register(), await register()
        others = await set_roles(services, User.role == "admin", "user")
        await set_roles(services, User.id.in_([UUID(ada.id), UUID(bob.id)]), "admin")

        async def demote(admin: Person, other: Person) -> int:
            url = f"/v1/admin/users/{other.id}"
            return (await admin.http.patch(url, json={"role": "user"})).status_code

        statuses = await asyncio.gather(demote(ada, bob), demote(bob, ada))
        await set_roles(services, User.id.in_(others), "admin")

        assert sorted(statuses) in ([200, 403], [200, 409])
