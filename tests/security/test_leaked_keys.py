"""A thief of an API key tries to pass on more than the key may do."""

from typing import Any

import pytest

from backend.core.services import Services
from backend.kit.vocabulary import Scope
from tests.security.scenes import set_user
from tests.support.keys import ALL, READ, SHARES, WRITE, Key, key_of
from tests.support.people import Person, Register, Verify, new_email, until
from tests.support.sharing import code, make_link, path_of, share
from tests.support.trees import PutFile, make_folder

Json = dict[str, Any]
ROLES = ("viewer", "editor", "owner")


class TestPassingOnMoreThanTheKeyMayDo:
    @pytest.mark.parametrize("scopes", [(SHARES,), (SHARES, WRITE)], ids=str)
    async def test_a_key_that_cannot_read_makes_itself_no_link(
        self, register: Register, put_file: PutFile, scopes: tuple[str, ...]
    ) -> None:
        ada = await register()
        file, folder = await put_file(ada), await make_folder(ada, "Project")
        key = await key_of(ada, *scopes)

        assert code(await key.link(file)) == "403 scope_required"
        assert code(await key.link(folder)) == "403 scope_required"
        assert (await ada.http.get("/v1/links")).json()["items"] == []

    async def test_a_key_that_cannot_read_loosens_no_link(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        link = await make_link(ada, await put_file(ada), password="violet umbrella")
        key = await key_of(ada, SHARES)

        answer = await key.ask("PATCH", f"/v1/links/{link['id']}", {"password": None})

        assert code(answer) == "403 scope_required"
        assert (await ada.http.get(f"/v1/links/{link['id']}")).json()["has_password"]

    @pytest.mark.parametrize(
        ("scopes", "may"),
        [
            ((SHARES,), ()),
            ((SHARES, WRITE), ()),
            ((SHARES, READ), ("viewer",)),
            (ALL, ROLES),
        ],
        ids=str,
    )
    async def test_a_role_allows_no_more_than_the_key(
        self,
        register: Register,
        put_file: PutFile,
        scopes: tuple[str, ...],
        may: tuple[str, ...],
    ) -> None:
        ada, eve = await register(), await register()
        file, folder = await put_file(ada), await make_folder(ada, "Project")
        given = (await share(ada, file, eve.email)).json()
        key = await key_of(ada, *scopes)

        for role in ROLES:
            wanted = {201, 200} if role in may else {403}
            answers = [
                await key.share(file, role),
                await key.share(folder, role),
                await key.ask("PATCH", f"/v1/shares/{given['id']}", {"role": role}),
            ]
            assert {answer.status_code for answer in answers} == wanted
            assert role in may or {code(answer) for answer in answers} == {"403 scope_required"}

    async def test_sharing_again_raises_nobody_either(
        self, register: Register, verify: Verify, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        await verify(eve)
        file = await put_file(ada)
        await share(ada, file, eve.email)
        key = await key_of(ada, SHARES, READ)

        assert code(await key.share(file, "owner", eve.email)) == "403 scope_required"
        assert (await eve.http.get(path_of(file))).json()["role"] == "viewer"

    @pytest.mark.parametrize("scope", list(Scope))
    async def test_a_key_with_one_scope_gives_nobody_anything(
        self, register: Register, put_file: PutFile, services: Services, scope: str
    ) -> None:
        ada = await register()
        if scope == Scope.ADMIN:
            await set_user(services, ada, role="admin")
            await until(200, lambda: ada.http.get("/v1/admin/stats"))
        file = await put_file(ada)
        key = await key_of(ada, scope)

        assert code(await key.link(file)) == "403 scope_required"
        assert {code(await key.share(file, role)) for role in ROLES} == {"403 scope_required"}

    async def test_a_key_that_may_only_share_still_ends_what_is_shared(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        file = await put_file(ada)
        given, link = (await share(ada, file, new_email())).json(), await make_link(ada, file)
        key = await key_of(ada, SHARES)

        assert (await key.ask("GET", f"{path_of(file)}/shares")).status_code == 200
        assert (await key.ask("DELETE", f"/v1/shares/{given['id']}")).status_code == 204
        assert (await key.ask("DELETE", f"/v1/links/{link['id']}")).status_code == 204


class TestAnAdministratorsKey:
    @pytest.mark.parametrize("change", [{"role": "admin"}, {"is_active": False}], ids=str)
    async def test_makes_no_administrator_and_deactivates_nobody(
        self, register: Register, services: Services, change: Json
    ) -> None:
        ada, eve = await register(), await register()
        key = await _admin_key(ada, services)
        before = await _account(key, eve)

        for person in (eve, ada):
            wish = {"quota_bytes": 7, **change}
            answer = await key.ask("PATCH", f"/v1/admin/users/{person.id}", wish)
            assert code(answer) == "403 session_required"

        assert await _account(key, eve) == before
        assert (await ada.http.get("/v1/admin/stats")).status_code == 200

    async def test_still_sets_a_quota(self, register: Register, services: Services) -> None:
        ada, eve = await register(), await register()
        key = await _admin_key(ada, services)

        answer = await key.ask("PATCH", f"/v1/admin/users/{eve.id}", {"quota_bytes": 7})

        assert answer.json()["quota_bytes"] == 7

    async def test_a_session_does_both(self, register: Register, services: Services) -> None:
        ada, eve = await register(), await register()
        await _admin_key(ada, services)

        for change in ({"role": "admin"}, {"is_active": False}):
            answer = await ada.http.patch(f"/v1/admin/users/{eve.id}", json=change)
            assert answer.json() | change == answer.json()


async def _admin_key(person: Person, services: Services) -> Key:
    await set_user(services, person, role="admin")
    await until(200, lambda: person.http.get("/v1/admin/stats"))
    return await key_of(person, "admin")


async def _account(key: Key, person: Person) -> Json:
    answer = await key.ask("GET", f"/v1/admin/users?q={person.email}")
    (account,) = answer.json()["items"]
    told: Json = account
    return told
