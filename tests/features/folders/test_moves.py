import asyncio

from backend.core.services import Services
from tests.support.people import Person, Register
from tests.support.trees import (
    Json,
    PutFile,
    Share,
    chain,
    make_folder,
    names_in,
    problem,
    root_of,
)


async def move(person: Person, node: Json, folder: Json, **also: str):
    body = {"folder_id": folder["id"], **also}
    return await person.http.patch(f"/v1/{node['kind']}s/{node['id']}", json=body)


class TestMove:
    async def test_a_folder_goes_with_everything_in_it(self, register: Register, put_file: PutFile):
        ada = await register()
        source, target = await make_folder(ada, "Source"), await make_folder(ada, "Target")
        inner = await make_folder(ada, "Inner", source)
        await put_file(ada, "deep.txt", folder_id=inner["id"])
        assert (await move(ada, source, target)).json()["folder_id"] == target["id"]
        assert await names_in(ada, target) == ["Source"]
        assert await names_in(ada, source) == ["Inner"]
        assert await names_in(ada, inner) == ["deep.txt"]

    async def test_moving_and_renaming_are_one_request(self, register: Register):
        ada = await register()
        source, target = await make_folder(ada, "A"), await make_folder(ada, "B")
        await make_folder(ada, "A", target)
        answer = await move(ada, source, target, name="A of last year")
        assert answer.status_code == 200
        assert await names_in(ada, target) == ["A", "A of last year"]

    async def test_a_taken_name_is_refused_and_nothing_moves(self, register: Register):
        ada = await register()
        source, target = await make_folder(ada, "A"), await make_folder(ada, "B")
        await make_folder(ada, "a", target)
        assert problem(await move(ada, source, target)) == (409, "name_taken")
        assert await names_in(ada, await root_of(ada)) == ["A", "B"]

    async def test_into_itself_is_refused(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        answer = await move(ada, folder, folder)
        assert problem(answer) == (409, "folder_cycle")
        assert "itself" in answer.json()["detail"]

    async def test_below_itself_is_refused(self, register: Register):
        ada = await register()
        outer = await make_folder(ada, "A")
        middle = await make_folder(ada, "B", outer)
        inner = await make_folder(ada, "C", middle)
        assert problem(await move(ada, outer, inner)) == (409, "folder_cycle")

    async def test_back_into_its_own_folder_changes_nothing(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        answer = await move(ada, folder, await root_of(ada))
        assert answer.json() == folder

    async def test_into_another_owner_s_tree_is_refused(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        theirs, mine = await make_folder(ada, "Shared"), await make_folder(bob, "Mine")
        await share(theirs, bob, "editor")
        answer = await move(bob, mine, theirs)
        assert problem(answer) == (409, "other_owner")
        assert "copy" in answer.json()["detail"]

    async def test_into_a_folder_one_only_reads_is_refused(self, register: Register, share: Share):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        await share(here, bob, "editor")
        await share(there, bob, "viewer")
        inner = await make_folder(bob, "Inner", here)
        assert problem(await move(bob, inner, there)) == (403, "role_required")

    async def test_into_a_folder_one_cannot_see_is_not_found(
        self, register: Register, share: Share
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        await share(here, bob, "editor")
        inner = await make_folder(bob, "Inner", here)
        assert problem(await move(bob, inner, there)) == (404, "not_found")

    async def test_an_editor_moves_between_two_shared_folders(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        for folder in (here, there):
            await share(folder, bob, "editor")
        file = await put_file(ada, "a.txt", folder_id=here["id"])
        assert (await move(bob, file, there)).json()["folder_id"] == there["id"]

    async def test_a_moved_file_is_seen_by_those_who_see_its_new_folder(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        shared = await make_folder(ada, "Shared")
        await share(shared, bob, "viewer")
        private = await make_folder(ada, "Private")
        file = await put_file(ada, "a.txt", folder_id=private["id"])
        assert (await bob.http.get(f"/v1/files/{file['id']}")).status_code == 404
        await move(ada, private, shared)
        assert (await bob.http.get(f"/v1/files/{file['id']}")).json()["role"] == "viewer"

    async def test_what_would_get_too_deep_stays(self, register: Register, services: Services):
        ada = await register()
        upper = await chain(services, ada, 60, "Upper")
        lower = await chain(services, ada, 60, "Lower")
        answer = await move(ada, {"kind": "folder", "id": lower[0]}, {"id": upper[-1]})
        assert problem(answer) == (409, "folder_too_deep")
        assert await names_in(ada, await root_of(ada)) == ["Lower 0", "Upper 0"]

    async def test_a_deep_branch_keeps_its_shape(self, register: Register, services: Services):
        ada = await register()
        branch, target = await chain(services, ada, 50), await make_folder(ada, "Target")
        assert (await move(ada, {"kind": "folder", "id": branch[1]}, target)).status_code == 200
        assert await names_in(ada, {"id": branch[0]}) == []
        assert await names_in(ada, {"id": branch[48]}) == ["Level 49"]


class TestRoles:
    """Whoever moves something has no more rights on it afterwards."""

    async def test_an_editor_moves_nothing_to_where_they_are_owner(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        inner = await make_folder(ada, "Inner", here)
        file = await put_file(ada, "a.txt", folder_id=here["id"])
        await share(here, bob, "editor")
        await share(there, bob, "owner")
        for node in (inner, file):
            answer = await move(bob, node, there)
            assert problem(answer) == (403, "role_required")
            assert "role owner" in answer.json()["detail"]
        assert await names_in(ada, there) == []
        assert (await bob.http.get(f"/v1/files/{file['id']}")).json()["role"] == "editor"

    async def test_nor_deeper_into_what_was_shared_with_them_as_a_whole(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        file = await put_file(ada, "a.txt", folder_id=outer["id"])
        await share(outer, bob, "editor")
        await share(inner, bob, "owner")
        assert problem(await move(bob, file, inner)) == (403, "role_required")

    async def test_an_owner_by_a_share_moves_it_to_where_they_are_owner(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        await share(here, bob, "editor")
        await share(there, bob, "owner")
        inner = await make_folder(ada, "Inner", here)
        file = await put_file(ada, "a.txt", folder_id=inner["id"])
        await share(file, bob, "owner")
        assert problem(await move(bob, inner, there)) == (403, "role_required")
        assert (await move(bob, file, there)).json()["role"] == "owner"

    async def test_who_gives_the_role_owner_away_cannot_take_it_back(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        await share(here, bob, "owner")
        await share(there, bob, "editor")
        file = await put_file(ada, "a.txt", folder_id=here["id"])
        assert (await move(bob, file, there)).json()["role"] == "editor"
        assert problem(await move(bob, file, here)) == (403, "role_required")
        assert (await move(ada, file, here)).status_code == 200

    async def test_an_editor_takes_nothing_home(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        shared = await make_folder(ada, "Shared")
        await share(shared, bob, "editor")
        file = await put_file(ada, "a.txt", folder_id=shared["id"])
        assert problem(await move(bob, file, await root_of(bob))) == (409, "other_owner")

    async def test_a_folder_where_one_is_owner_takes_nobody_along(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        await put_file(ada, "a.txt", folder_id=here["id"])
        await share(here, bob, "editor")
        await share(there, bob, "owner")
        assert (await move(bob, there, here)).json()["role"] == "owner"
        assert (await bob.http.get(f"/v1/folders/{here['id']}")).json()["role"] == "editor"

    async def test_an_editor_may_still_copy_to_where_they_are_owner(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        here, there = await make_folder(ada, "Here"), await make_folder(ada, "There")
        await share(here, bob, "editor")
        await share(there, bob, "owner")
        file = await put_file(ada, "a.txt", folder_id=here["id"])
        body = {"folder_id": there["id"]}
        copy = await bob.http.post(f"/v1/files/{file['id']}/copy", json=body)
        assert copy.json()["role"] == "owner"
        assert (await bob.http.get(f"/v1/files/{file['id']}")).json()["role"] == "editor"


class TestConcurrentMoves:
    async def test_two_folders_never_end_up_inside_each_other(self, register: Register):
        ada = await register()
        root = await root_of(ada)
        for attempt in range(5):
            one, two = (
                await make_folder(ada, f"1-{attempt}"),
                await make_folder(ada, f"2-{attempt}"),
            )
            answers = await asyncio.gather(move(ada, one, two), move(ada, two, one))
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            assert len({one["name"], two["name"]} & set(await names_in(ada, root))) == 1

    async def test_one_of_two_renames_to_the_same_name_wins(self, register: Register):
        ada = await register()
        folders = [await make_folder(ada, name) for name in "AB"]
        answers = await asyncio.gather(
            *(
                ada.http.patch(f"/v1/folders/{folder['id']}", json={"name": "Same"})
                for folder in folders
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert len(await names_in(ada, await root_of(ada))) == 2

    async def test_one_of_many_new_folders_of_one_name_is_made(self, register: Register):
        ada = await register()
        answers = await asyncio.gather(
            *(ada.http.post("/v1/folders", json={"name": "Once"}) for _ in range(10))
        )
        assert sorted(answer.status_code for answer in answers) == [201] + 9 * [409]

    async def test_a_folder_made_in_one_that_moves_moves_along(self, register: Register):
        ada = await register()
        source, target = await make_folder(ada, "Source"), await make_folder(ada, "Target")
        made, _ = await asyncio.gather(make_folder(ada, "New", source), move(ada, source, target))
        deeper = await make_folder(ada, "Deeper", made)
        # Only a right list of ancestors makes this a cycle.
        assert problem(await move(ada, target, deeper)) == (409, "folder_cycle")

    async def test_nothing_appears_in_a_folder_that_was_trashed(self, register: Register):
        ada = await register()
        for attempt in range(5):
            folder = await make_folder(ada, f"F{attempt}")
            body = {"name": "New", "folder_id": folder["id"]}
            made, _ = await asyncio.gather(
                ada.http.post("/v1/folders", json=body),
                ada.http.delete(f"/v1/folders/{folder['id']}"),
            )
            restored = await ada.http.post(f"/v1/trash/{folder['id']}/restore")
            assert restored.status_code == 200
            expected = ["New"] if made.status_code == 201 else []
            assert await names_in(ada, folder) == expected
