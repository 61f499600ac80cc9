"""Spaces: which there are for whom, and what is told of them."""

from backend.core.services import Services
from tests.support.people import Person, Register
from tests.support.spaces import make_team_space
from tests.support.trees import (
    Json,
    PutFile,
    Share,
    all_pages,
    make_folder,
    problem,
    root_of,
    usage_of,
)

NO_SPACE = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"


async def space_of(person: Person, space_id: str) -> Json:
    return (await person.http.get(f"/v1/spaces/{space_id}")).raise_for_status().json()


class TestPersonal:
    async def test_everyone_has_their_own(self, register: Register) -> None:
        ada = await register("ada")

        (space,) = await all_pages(ada, "/v1/spaces")

        root = await root_of(ada)
        assert (space["id"], space["root_id"]) == (ada.id, root["id"])
        assert (space["kind"], space["name"], space["role"]) == ("personal", "My files", "owner")
        assert space == await space_of(ada, ada.id)

    async def test_its_counts_are_the_persons_usage(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada = await register("ada")
        await put_file(ada, size=70)
        await ada.http.post("/v1/uploads", json={"name": "b.txt", "size": 30})

        space = await space_of(ada, ada.id)

        assert (space["used_bytes"], space["reserved_bytes"], space["file_count"]) == (70, 30, 1)
        assert space["available_bytes"] == space["quota_bytes"] - 100
        usage = await usage_of(ada)
        assert usage == {name: space[name] for name in usage}

    async def test_what_is_in_it_names_it_and_its_person(self, register: Register) -> None:
        ada = await register("ada")

        folder = await make_folder(ada, "Invoices")

        assert (folder["space_id"], folder["owner_id"]) == (ada.id, ada.id)

    async def test_is_nobody_elses_also_where_its_root_is_shared(
        self, register: Register, share: Share
    ) -> None:
        ada, bob = await register("ada"), await register("bob")
        await share(await root_of(ada), bob, "editor")

        assert [space["id"] for space in await all_pages(bob, "/v1/spaces")] == [bob.id]
        answer = await bob.http.get(f"/v1/spaces/{ada.id}")
        assert problem(answer) == (404, "not_found")

    async def test_whoever_is_shared_something_of_it_learns_whose_it_is(
        self, register: Register, share: Share
    ) -> None:
        ada, bob = await register("ada"), await register("bob")
        folder = await make_folder(ada, "Invoices")
        await share(folder, bob, "viewer")

        seen = (await bob.http.get(f"/v1/folders/{folder['id']}")).json()

        assert (seen["space_id"], seen["owner_id"]) == (ada.id, ada.id)


class TestTeam:
    async def test_those_who_share_its_root_see_it_after_their_own(
        self, register: Register, services: Services
    ) -> None:
        ada, bob = await register("ada"), await register("bob")
        team = await make_team_space(services, "Accounting", editor=ada)

        own, seen = await all_pages(ada, "/v1/spaces", limit=1)

        assert own["id"] == ada.id
        assert (seen["id"], seen["root_id"]) == (team["id"], team["root_id"])
        assert (seen["kind"], seen["name"], seen["role"]) == ("team", "Accounting", "editor")
        assert seen["available_bytes"] == seen["quota_bytes"] == 1_000_000
        assert seen == await space_of(ada, team["id"])
        assert [space["id"] for space in await all_pages(bob, "/v1/spaces")] == [bob.id]

    async def test_does_not_exist_for_others(self, register: Register, services: Services) -> None:
        ada, bob = await register("ada"), await register("bob")
        team = await make_team_space(services, owner=ada)

        for path in (f"/v1/spaces/{team['id']}", f"/v1/folders/root?space_id={team['id']}"):
            assert problem(await bob.http.get(path)) == (404, "not_found")

    async def test_is_not_seen_by_those_who_share_only_a_folder_in_it(
        self, register: Register, services: Services, share: Share
    ) -> None:
        ada, bob = await register("ada"), await register("bob")
        team = await make_team_space(services, owner=ada)
        folder = await make_folder(ada, "Invoices", {"id": team["root_id"]})
        await share(folder, bob, "editor")

        assert (await bob.http.get(f"/v1/folders/{folder['id']}")).status_code == 200
        assert problem(await bob.http.get(f"/v1/spaces/{team['id']}")) == (404, "not_found")
        assert [space["id"] for space in await all_pages(bob, "/v1/spaces")] == [bob.id]


class TestRoot:
    async def test_of_a_space(self, register: Register, services: Services) -> None:
        ada = await register("ada")
        team = await make_team_space(services, viewer=ada)

        root = (await ada.http.get("/v1/folders/root", params={"space_id": team["id"]})).json()

        assert (root["id"], root["space_id"], root["owner_id"]) == (
            team["root_id"],
            team["id"],
            None,
        )
        assert (root["name"], root["role"]) == ("Accounting", "viewer")

    async def test_without_a_space_is_ones_own(self, register: Register) -> None:
        ada = await register("ada")

        root = (await ada.http.get("/v1/folders/root", params={"space_id": ada.id})).json()

        assert root == await root_of(ada)

    async def test_of_no_space(self, register: Register) -> None:
        ada = await register("ada")

        answer = await ada.http.get("/v1/folders/root", params={"space_id": NO_SPACE})

        assert problem(answer) == (404, "not_found")
