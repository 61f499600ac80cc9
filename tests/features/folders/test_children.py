from itertools import product

import pytest

from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    all_pages,
    listed,
    make_folder,
    names_in,
    problem,
    root_of,
)


class TestChildren:
    async def test_an_empty_folder_lists_nothing(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "Empty")
        answer = await ada.http.get(f"/v1/folders/{folder['id']}/children")
        assert answer.json() == {"items": [], "next_cursor": None}

    async def test_files_and_folders_stand_in_one_order(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        for name in ("b.txt", "D.txt"):
            await put_file(ada, name)
        for name in ("C", "a"):
            await make_folder(ada, name)
        assert await names_in(ada, await root_of(ada)) == ["a", "b.txt", "C", "D.txt"]

    async def test_a_file_is_shown_whole(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.txt")
        assert await listed(ada, await root_of(ada)) == [file]

    @pytest.mark.parametrize("key", ["name", "updated_at", "size"])
    async def test_pages_hold_everything_once_and_in_order(
        self, register: Register, put_file: PutFile, key: str
    ):
        ada = await register()
        # Equal sizes, and folders that have none: the order needs its tie-break.
        for name, size in (("a", 3), ("B", 3), ("c", 1), ("D", 3), ("e", 0)):
            await put_file(ada, name, size=size)
        for name in ("F", "g"):
            await make_folder(ada, name)
        for sort, limit in product((key, f"-{key}"), (1, 2, 3, 7)):
            items = await listed(ada, await root_of(ada), sort=sort, limit=limit)
            values = [item["name"].lower() if key == "name" else item.get(key, 0) for item in items]
            assert values == sorted(values, reverse=sort.startswith("-"))
            assert len({item["id"] for item in items}) == 7

    async def test_a_page_stays_right_when_something_is_added_before_it(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        root = await root_of(ada)
        for name in ("b", "c", "d"):
            await put_file(ada, name)
        url = f"/v1/folders/{root['id']}/children"
        first = (await ada.http.get(url, params={"limit": 2})).json()
        await put_file(ada, "a")
        params = {"limit": 2, "cursor": first["next_cursor"]}
        second = (await ada.http.get(url, params=params)).json()
        assert [item["name"] for item in first["items"] + second["items"]] == ["b", "c", "d"]

    async def test_a_page_past_the_end_is_empty(self, register: Register, put_file: PutFile):
        ada = await register()
        root = await root_of(ada)
        files = [await put_file(ada, name) for name in ("a", "b")]
        url = f"/v1/folders/{root['id']}/children"
        first = (await ada.http.get(url, params={"limit": 1})).json()
        await ada.http.delete(f"/v1/files/{files[1]['id']}")
        rest = await ada.http.get(url, params={"cursor": first["next_cursor"]})
        assert rest.json() == {"items": [], "next_cursor": None}

    async def test_one_kind_may_be_asked_for(self, register: Register, put_file: PutFile):
        ada = await register()
        root = await root_of(ada)
        await put_file(ada, "file")
        await make_folder(ada, "folder")
        assert await names_in(ada, root, kind="file") == ["file"]
        assert await names_in(ada, root, kind="folder") == ["folder"]

    async def test_what_is_in_the_trash_is_left_out(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a")
        await ada.http.delete(f"/v1/files/{file['id']}")
        assert await names_in(ada, await root_of(ada)) == []

    async def test_a_stranger_s_folder_is_not_found(self, register: Register):
        ada, eve = await register(), await register()
        answer = await eve.http.get(f"/v1/folders/{(await root_of(ada))['id']}/children")
        assert problem(answer) == (404, "not_found")

    async def test_a_trashed_folder_is_not_found(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        await ada.http.delete(f"/v1/folders/{folder['id']}")
        answer = await ada.http.get(f"/v1/folders/{folder['id']}/children")
        assert problem(answer) == (404, "not_found")

    async def test_a_file_has_none(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        answer = await ada.http.get(f"/v1/folders/{file['id']}/children")
        assert problem(answer) == (404, "not_found")

    async def test_the_stronger_of_two_roles_is_shown(
        self, register: Register, share: Share, put_file: PutFile
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "viewer")
        await share(await put_file(ada, "a", folder_id=folder["id"]), bob, "editor")
        await put_file(ada, "b", folder_id=folder["id"])
        roles = [item["role"] for item in await listed(bob, folder)]
        assert roles == ["editor", "viewer"]

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": 0},
            {"limit": 1001},
            {"limit": "x"},
            {"sort": "owner"},
            {"kind": "symlink"},
        ],
    )
    async def test_a_query_out_of_bounds_is_refused(self, register: Register, query):
        ada = await register()
        url = f"/v1/folders/{(await root_of(ada))['id']}/children"
        assert problem(await ada.http.get(url, params=query)) == (422, "invalid_request")

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "%00",
            "WyJuYW1lIl0",  # ["name"]
            "WyJuYW1lIiwxXQ",  # ["name",1]
            "WyJuYW1lIiwiXHUwMDAwIl0",  # ["name","\u0000"]
            "W1tbW1tbXV1dXV1d",
            "e30",
            "bnVsbA",
        ],
    )
    async def test_a_tampered_cursor_is_refused(self, register: Register, cursor: str):
        ada = await register()
        url = f"/v1/folders/{(await root_of(ada))['id']}/children"
        answer = await ada.http.get(url, params={"cursor": cursor})
        assert problem(answer) == (422, "invalid_cursor")

    async def test_a_cursor_of_another_order_is_refused(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        for name in "ab":
            await put_file(ada, name)
        url = f"/v1/folders/{(await root_of(ada))['id']}/children"
        page = (await ada.http.get(url, params={"limit": 1, "sort": "size"})).json()
        params = {"cursor": page["next_cursor"], "sort": "-size"}
        assert problem(await ada.http.get(url, params=params)) == (422, "invalid_cursor")

    async def test_a_cursor_of_another_folder_shows_nothing_hidden(
        self, register: Register, put_file: PutFile
    ):
        ada, eve = await register(), await register()
        for name in "ab":
            await put_file(ada, name)
        url = f"/v1/folders/{(await root_of(ada))['id']}/children"
        cursor = (await ada.http.get(url, params={"limit": 1})).json()["next_cursor"]
        own = f"/v1/folders/{(await root_of(eve))['id']}/children"
        assert await all_pages(eve, own, limit=5) == []
        answer = await eve.http.get(own, params={"cursor": cursor})
        assert answer.json()["items"] == []
