"""A thief of an API key tries to stay: what the key gave ends with it."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import delete, text

from backend.core.services import Services
from backend.models import ApiKey
from tests.support.keys import ALL, key_of
from tests.support.people import Register, Verify, new_email
from tests.support.sharing import code, make_link, path_of, public, share
from tests.support.trees import PutFile, Share, all_pages

Json = dict[str, Any]


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
        await ada.http.delete(f"/v1/shares/{hers['id']}?keep=true")

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
        async with services.database.transaction() as tx:
            await tx.execute(delete(ApiKey).where(ApiKey.id == UUID(key.id)))
            making = asyncio.create_task(key.link(file))
            await somebody_waits(services)

        assert code(await making) == "401 invalid_token"
        assert (await ada.http.get("/v1/links")).json()["items"] == []


async def somebody_waits(services: Services) -> None:
    """Until a statement waits for another transaction."""
    query = text("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
    async with asyncio.timeout(5):
        while (await services.database.autocommit.execute(query)).first() is None:
            await asyncio.sleep(0.01)


def told(kind: str, made: Json) -> Json:
    """How a key's list tells of a link or share."""
    names = ("id", "node_id", "created_at")
    who = {"email": made.get("email"), "role": made.get("role")}
    return {"kind": kind, **who, **{name: made[name] for name in names}}
