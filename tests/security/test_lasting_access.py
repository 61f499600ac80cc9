"""Staying after being let out: second accounts, invitations, links, the trash, chains of friends.

A removed owner may have opened the folder, or something below it, to anybody. Owners can list all
of it, and ending the owner's share ends it.
"""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from backend.core.services import Services
from tests.security.scenes import set_user
from tests.support.people import Person, Register, new_email, plain_client
from tests.support.sharing import code, make_link, path_of, public, share
from tests.support.spaces import make_team_space
from tests.support.trees import Json, PutFile, Share, all_pages, document, make_folder


async def let_in(owner: Person, node: Json, guest: Person, role: str, services: Services) -> Json:
    """Share with somebody who has proved their address."""
    await prove(services, guest)
    return document(await share(owner, node, guest.email, role))


async def prove(services: Services, person: Person) -> None:
    await set_user(services, person, email_verified_at=datetime.now(UTC))


async def let_out(owner: Person, made: Json, **query: Any) -> None:
    answer = await owner.http.delete(f"/v1/shares/{made['id']}", params=query)
    assert answer.status_code == 204, answer.text


async def opens(owner: Person, node: Json) -> list[Json]:
    """Everything that opens a node, page by page."""
    return await all_pages(owner, f"{path_of(node)}/access", limit=2)


async def sees(person: Person, node: Json) -> bool:
    return (await person.http.get(path_of(node))).status_code == 200


async def link_answers(owner: Person, link: Json) -> int:
    async with plain_client(base_url=owner.url) as visitor:
        return (await visitor.get(public(link))).status_code


class TestARemovedOwner:
    async def test_loses_the_second_account_they_shared_something_below_with(
        self, register: Register, services: Services
    ) -> None:
        ada, eve, second = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        below = await make_folder(ada, "Below", folder)
        eves = await let_in(ada, folder, eve, "owner", services)
        await let_in(eve, below, second, "editor", services)

        await let_out(ada, eves)

        assert not await sees(eve, folder)
        assert not await sees(second, below)
        assert await opens(ada, folder) == []

    async def test_loses_invitations_that_nobody_has_accepted(
        self, register: Register, services: Services
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Plans")
        eves = await let_in(ada, folder, eve, "owner", services)
        await share(eve, folder, new_email("second"), "owner")

        await let_out(ada, eves)

        assert await opens(ada, folder) == []

    async def test_loses_what_friends_of_friends_opened(
        self, register: Register, services: Services
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Plans")
        eves = await let_in(ada, folder, eve, "owner", services)
        chain = [eve, await register(), await register(), await register()]
        for opener, friend in pairwise(chain):
            await let_in(opener, folder, friend, "owner", services)

        await let_out(ada, eves)

        assert [await sees(friend, folder) for friend in chain] == [False] * 4

    async def test_loses_their_links_for_good(self, register: Register, services: Services) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Plans")
        eves = await let_in(ada, folder, eve, "owner", services)
        link = await make_link(eve, folder)

        await let_out(ada, eves)
        assert await link_answers(ada, link) == 404
        await let_in(ada, folder, eve, "owner", services)

        assert await link_answers(ada, link) == 410

    async def test_loses_what_they_opened_of_the_trash(
        self, register: Register, services: Services
    ) -> None:
        ada, eve, second = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        below = await make_folder(ada, "Below", folder)
        eves = await let_in(ada, folder, eve, "owner", services)
        await let_in(eve, below, second, "editor", services)
        await eve.http.delete(path_of(below))

        await let_out(ada, eves)

        restored = await second.http.post(f"/v1/trash/{below['id']}/restore")
        assert restored.status_code == 404

    async def test_cannot_be_quicker_than_their_removal(
        self, register: Register, services: Services
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Plans")
        for _ in range(5):
            eves = await let_in(ada, folder, eve, "owner", services)
            shares = [share(eve, folder, new_email("second")) for _ in range(6)]

            answers = await asyncio.gather(*shares[:3], let_out(ada, eves), *shares[3:])

            assert {it.status_code for it in answers if it is not None} <= {201, 404}
            assert await opens(ada, folder) == []


class TestWhatStays:
    async def test_everything_if_it_is_kept(self, register: Register, services: Services) -> None:
        ada, bob, guest = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        bobs = await let_in(ada, folder, bob, "owner", services)
        await let_in(bob, folder, guest, "viewer", services)

        await let_out(ada, bobs, keep=True)

        assert await sees(guest, folder)
        assert not await sees(bob, folder)

    async def test_what_others_opened_and_what_is_elsewhere(
        self, register: Register, services: Services
    ) -> None:
        ada, bob, guest = await register(), await register(), await register()
        folder, other = await make_folder(ada, "Plans"), await make_folder(ada, "Other")
        bobs = await let_in(ada, folder, bob, "owner", services)
        await let_in(ada, other, bob, "owner", services)
        await let_in(ada, folder, guest, "viewer", services)
        await let_in(bob, other, guest, "viewer", services)
        link = await make_link(bob, other)

        await let_out(ada, bobs)

        assert await sees(guest, folder)
        assert await sees(guest, other)
        assert await link_answers(ada, link) == 200

    async def test_what_they_opened_where_they_are_still_an_owner(
        self, register: Register, services: Services
    ) -> None:
        ada, bob, guest = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        below = await make_folder(ada, "Below", folder)
        await let_in(ada, folder, bob, "owner", services)
        needless = await let_in(ada, below, bob, "viewer", services)
        await let_in(bob, below, guest, "viewer", services)

        await let_out(ada, needless)

        assert await sees(guest, below)

    async def test_the_owner_who_removes_the_one_who_brought_them_in(
        self, register: Register, services: Services
    ) -> None:
        ada, eve, bob = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        eves = await let_in(ada, folder, eve, "owner", services)
        await let_in(eve, folder, bob, "owner", services)

        await let_out(bob, eves)

        assert await sees(bob, folder)

    async def test_a_team_when_its_founder_leaves(
        self, register: Register, services: Services, put_file: PutFile
    ) -> None:
        ada, bob, guest = await register(), await register(), await register()
        space = await make_team_space(services, owner=ada)
        root = {"id": space["root_id"], "kind": "folder"}
        await let_in(ada, root, bob, "owner", services)
        await let_in(ada, root, guest, "viewer", services)
        shares = await all_pages(bob, f"{path_of(root)}/shares")
        (adas,) = [it for it in shares if it["email"] == ada.email]

        await let_out(ada, adas)

        assert await sees(bob, root)
        assert await sees(guest, root)
        assert not await sees(ada, root)

    async def test_the_founder_of_a_team_whoever_is_removed(
        self, register: Register, services: Services
    ) -> None:
        ada, eve, bob = await register(), await register(), await register()
        space = await make_team_space(services, owner=ada)
        root = {"id": space["root_id"], "kind": "folder"}
        below = await make_folder(ada, "Below", root)
        eves = await let_in(ada, root, eve, "owner", services)
        await let_in(ada, root, bob, "owner", services)
        await let_in(eve, below, ada, "viewer", services)

        await let_out(bob, eves)

        emails = {it["email"] for it in await opens(bob, below) if it["node_id"] == below["id"]}
        assert emails == {ada.email}


class TestTheListOfWhatOpensAFolder:
    async def test_names_people_invitations_and_links_below_and_who_made_them(
        self, register: Register, services: Services, put_file: PutFile
    ) -> None:
        ada, bob, invited = await register(), await register(), new_email("invited")
        folder = await make_folder(ada, "Plans")
        below = await make_folder(ada, "Below", folder)
        file = await put_file(ada, "a.txt", folder_id=below["id"])
        await let_in(ada, folder, bob, "owner", services)
        await share(bob, below, invited, "editor")
        link = await make_link(bob, file, password="violet umbrella")
        await make_link(ada, await make_folder(ada, "Elsewhere"))

        items = await opens(ada, folder)

        told = [
            (it["kind"], it["node_name"], it["node_kind"], it["email"], it["role"], it["state"])
            for it in items
        ]
        assert told == [
            ("link", "a.txt", "file", None, None, None),
            ("share", "Below", "folder", invited, "editor", "invited"),
            ("share", "Plans", "folder", bob.email, "owner", "active"),
        ]
        assert [it["created_by_email"] for it in items] == [bob.email, bob.email, ada.email]
        assert [it["created_by"] for it in items] == [bob.id, bob.id, ada.id]
        assert (items[0]["id"], items[0]["has_password"]) == (link["id"], True)

    async def test_names_what_is_granted_above_to_those_who_own_that_too(
        self, register: Register, services: Services, put_file: PutFile
    ) -> None:
        ada, bob, guest = await register(), await register(), await register()
        above = await make_folder(ada, "Above")
        folder = await make_folder(ada, "Plans", above)
        file = await put_file(ada, "a.txt", folder_id=folder["id"])
        await let_in(ada, above, guest, "viewer", services)
        await let_in(ada, folder, bob, "owner", services)

        assert {it["email"] for it in await opens(ada, file)} == {guest.email, bob.email}
        assert {it["email"] for it in await opens(bob, file)} == {bob.email}

    async def test_leaves_out_revoked_links(self, register: Register) -> None:
        ada = await register()
        folder = await make_folder(ada, "Plans")
        link = await make_link(ada, folder)
        await ada.http.delete(f"/v1/links/{link['id']}")

        assert await opens(ada, folder) == []

    async def test_is_for_owners(
        self, register: Register, services: Services, share: Share
    ) -> None:
        ada, bob, eve = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        await share(folder, bob, "editor")

        answers = [await person.http.get(f"{path_of(folder)}/access") for person in (bob, eve)]

        assert [code(it) for it in answers] == ["403 role_required", "404 not_found"]


class TestTheRecord:
    async def test_says_what_ended_with_a_share(
        self, register: Register, services: Services
    ) -> None:
        ada, eve, second = await register(), await register(), await register()
        folder = await make_folder(ada, "Plans")
        eves = await let_in(ada, folder, eve, "owner", services)
        seconds = await let_in(eve, folder, second, "editor", services)
        link = await make_link(eve, folder)

        await let_out(ada, eves)

        events = await all_pages(ada, "/v1/users/me/activity")
        ended = {
            it["subject_id"]: it["data"]["ended_with"]
            for it in events
            if it["action"] in {"share.removed", "link.revoked"}
        }
        assert ended == {eves["id"]: None, seconds["id"]: eves["id"], link["id"]: eves["id"]}
