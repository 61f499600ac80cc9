"""What a thief of an API key tries: to pass on more than the key may do, and to stay."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from backend.core.services import Services
from backend.kit.vocabulary import Scope
from backend.models import ApiKey
from tests.security.scenes import set_user
from tests.support.people import Person, Register, Verify, new_email, until
from tests.support.sharing import code, make_link, path_of, public, share
from tests.support.trees import PutFile, Share, all_pages, make_folder

Json = dict[str, Any]
READ, WRITE, SHARES = "files:read", "files:write", "shares:write"
ALL = (READ, WRITE, SHARES)
ROLES = ("viewer", "editor", "owner")


class Key:
    """An API key, and whoever calls with it."""

    def __init__(self, made: Json, owner: Person) -> None:
        self.id: str = made["id"]
        self._owner = owner
        self._headers = {"Authorization": f"Bearer {made['key']}"}

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self._owner.http.request(method, path, json=body, headers=self._headers)

    async def link(self, node: Json, **limits: Any) -> httpx.Response:
        return await self.ask("POST", f"{path_of(node)}/links", limits)

    async def share(self, node: Json, role: str, email: str = "") -> httpx.Response:
        body = {"email": email or new_email(), "role": role}
        return await self.ask("POST", f"{path_of(node)}/shares", body)

    async def grants(self) -> list[Json]:
        return await all_pages(self._owner, f"/v1/api-keys/{self.id}/grants")

    async def revoke(self, **query: Any) -> httpx.Response:
        return await self._owner.http.delete(f"/v1/api-keys/{self.id}", params=query)


async def key_of(person: Person, *scopes: str) -> Key:
    """A new key with these scopes."""
    made = await person.http.post("/v1/api-keys", json={"name": "leaked", "scopes": scopes})
    return Key(made.raise_for_status().json(), person)


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


class TestOutlivingTheKey:
    async def test_what_the_key_gave_is_listed_with_it(
        self, register: Register, verify: Verify, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        await verify(eve)
        file = await put_file(ada)
        await share(ada, file, new_email())
        await make_link(ada, file)
        key, other = await key_of(ada, *ALL), await key_of(ada, *ALL)
        link = (await key.link(file)).json()
        active = (await key.share(file, "editor", eve.email)).json()
        invited = (await key.share(file, "viewer")).json()

        assert await other.grants() == []
        assert await key.grants() == [
            told("share", invited),
            told("share", active),
            told("link", link),
        ]

    async def test_the_list_has_pages(self, register: Register, put_file: PutFile) -> None:
        ada = await register()
        file, key = await put_file(ada), await key_of(ada, *ALL)
        made = [
            await key.link(file) if n % 2 else await key.share(file, "viewer") for n in range(5)
        ]

        listed = await all_pages(ada, f"/v1/api-keys/{key.id}/grants", limit=2)

        assert [one["id"] for one in listed] == [answer.json()["id"] for answer in reversed(made)]

    async def test_ends_with_the_key_if_its_owner_says_so(
        self,
        register: Register,
        verify: Verify,
        put_file: PutFile,
        http: httpx.AsyncClient,
    ) -> None:
        ada, eve, bob = await register(), await register(), await register()
        await verify(eve)
        await verify(bob)
        file = await put_file(ada)
        await share(ada, file, bob.email)
        mine = await make_link(ada, file)
        key = await key_of(ada, *ALL)
        stolen = (await key.link(file)).json()
        await key.share(file, "owner", eve.email)

        answer = await key.revoke(end_grants=True)

        assert answer.status_code == 204
        assert code(await http.get(public(stolen))) == "410 link_revoked"
        assert (await http.get(public(mine))).status_code == 200
        assert (await eve.http.get(path_of(file))).status_code == 404
        assert (await bob.http.get(path_of(file))).status_code == 200

    async def test_remains_without_that(
        self, register: Register, put_file: PutFile, http: httpx.AsyncClient
    ) -> None:
        ada = await register()
        key = await key_of(ada, *ALL)
        link = (await key.link(await put_file(ada))).json()

        await key.revoke()

        assert (await http.get(public(link))).status_code == 200
        assert (await ada.http.get(f"/v1/api-keys/{key.id}/grants")).status_code == 404

    async def test_a_role_that_the_key_raised_counts_as_given_by_it(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        file, key = await put_file(ada), await key_of(ada, *ALL)
        kept = (await share(ada, file, new_email())).json()
        raised = (await share(ada, file, new_email())).json()
        await key.ask("PATCH", f"/v1/shares/{kept['id']}", {"role": "viewer"})
        await key.ask("PATCH", f"/v1/shares/{raised['id']}", {"role": "editor"})

        assert [one["id"] for one in await key.grants()] == [raised["id"]]

        await ada.http.patch(f"/v1/shares/{raised['id']}", json={"role": "viewer"})

        assert await key.grants() == []

    async def test_an_invitation_stays_the_keys_when_it_is_accepted(
        self, register: Register, verify: Verify, put_file: PutFile
    ) -> None:
        ada, eve = await register(), await register()
        file, key = await put_file(ada), await key_of(ada, *ALL)
        await key.share(file, "editor", eve.email)
        await verify(eve)

        await key.revoke(end_grants=True)

        assert (await eve.http.get(path_of(file))).status_code == 404

    async def test_a_former_co_owner_ends_nothing_there_by_the_way_of_a_key(
        self, register: Register, verify: Verify, share: Share, put_file: PutFile
    ) -> None:
        ada, eve, bob = await register(), await register(), await register()
        await verify(bob)
        file = await put_file(ada)
        await share(file, eve, "owner")
        key = await key_of(eve, *ALL)
        await key.share(file, "viewer", bob.email)
        shares = (await ada.http.get(f"{path_of(file)}/shares")).json()["items"]
        (hers,) = (one for one in shares if one["user_id"] == eve.id)
        await ada.http.delete(f"/v1/shares/{hers['id']}")

        assert await key.grants() == []
        await key.revoke(end_grants=True)

        assert (await bob.http.get(path_of(file))).status_code == 200

    async def test_nothing_slips_through_while_the_key_is_being_revoked(
        self, register: Register, put_file: PutFile, http: httpx.AsyncClient
    ) -> None:
        ada = await register()
        file, key = await put_file(ada), await key_of(ada, *ALL)

        making = [asyncio.create_task(key.link(file)) for _ in range(20)]
        await making[0]
        revoked = await key.revoke(end_grants=True)
        answers = [await one for one in making]

        assert revoked.status_code == 204
        assert {answer.status_code for answer in answers} <= {201, 401}
        for answer in answers:
            if answer.status_code == 201:
                assert (await http.get(public(answer.json()))).status_code == 410

    async def test_a_key_that_is_deleted_at_this_moment_makes_no_link(
        self, register: Register, put_file: PutFile, services: Services
    ) -> None:
        """The link waits for the deletion, then says that the credential has ended."""
        ada = await register()
        file, key = await put_file(ada), await key_of(ada, *ALL)
        row = select(ApiKey).where(ApiKey.id == UUID(key.id))
        async with services.database.transaction() as tx:
            await tx.execute(row.with_for_update())
            making = asyncio.create_task(key.link(file))
            revoking = asyncio.create_task(key.revoke())
            await asyncio.wait([making, revoking], timeout=0.3)

        assert (await revoking).status_code == 204
        assert (await making).status_code in {201, 401}


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


def told(kind: str, made: Json) -> Json:
    """How a key's list tells of a link or share."""
    names = ("id", "node_id", "created_at")
    who = {"email": made.get("email"), "role": made.get("role")}
    return {"kind": kind, **who, **{name: made[name] for name in names}}
