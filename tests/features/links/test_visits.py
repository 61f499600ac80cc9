from uuid import uuid4

import httpx
import pytest

from backend.core.services import Services
from tests.features.links.conftest import LockOut
from tests.support.people import Register, Verify
from tests.support.sharing import (
    code,
    expire,
    make_link,
    path_of,
    public,
    share,
)
from tests.support.transfer import upload_file
from tests.support.trees import make_folder


class TestShow:
    async def test_a_file_tells_its_name_size_and_type(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello", "a.txt"), max_downloads=3)

        assert (await http.get(public(link))).json() == {
            "kind": "file",
            "name": "a.txt",
            "size": 5,
            "content_type": "text/plain",
            "needs_password": False,
            "expires_at": None,
            "downloads_left": 3,
        }

    @pytest.mark.parametrize(
        "token", ["x", "A" * 43, "A" * 5000, "%00", "%F0%9F%92%A9", "..%2F..%2Fetc"]
    )
    async def test_a_wrong_token_leads_nowhere(self, http: httpx.AsyncClient, token: str) -> None:
        assert code(await http.get(f"/v1/public/links/{token}")).startswith("404")

    async def test_an_expired_link_says_so(
        self, register: Register, http: httpx.AsyncClient, services: Services
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"))
        await expire(services, link)

        assert code(await http.get(public(link))) == "410 link_expired"
        assert code(await http.post(public(link, "/download-url"))) == "410 link_expired"

    async def test_a_link_rests_while_its_file_is_in_the_trash(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"hello")
        link = await make_link(ada, file)

        await ada.http.delete(path_of(file))
        assert code(await http.get(public(link))) == "404 link_not_found"

        await ada.http.post(f"/v1/trash/{file['id']}/restore")
        assert (await http.get(public(link))).status_code == 200

    async def test_a_link_ends_with_the_role_of_its_maker(
        self, register: Register, verify: Verify, http: httpx.AsyncClient
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        granted = (await share(ada, folder, ben.email, "owner")).json()
        link = await make_link(ben, folder)
        assert (await http.get(public(link))).status_code == 200

        await ada.http.patch(f"/v1/shares/{granted['id']}", json={"role": "editor"})

        assert code(await http.get(public(link))) == "404 link_not_found"

    async def test_a_link_ends_when_its_maker_is_locked_out(
        self, register: Register, http: httpx.AsyncClient, lock_out: LockOut
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Project"))

        await lock_out(ada)

        assert code(await http.get(public(link))) == "404 link_not_found"


class TestBrowse:
    async def test_a_folder_is_browsed_in_pages_folders_first(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        top = await make_folder(ada, "Top")
        await make_folder(ada, "beta", top)
        for name in ("gamma.txt", "Alpha.txt"):
            await upload_file(ada, b"hello", name, folder_id=top["id"])
        link = await make_link(ada, top)

        first = (await http.get(public(link, "/children?limit=2"))).json()
        cursor = first["next_cursor"]
        rest = (await http.get(public(link, f"/children?limit=2&cursor={cursor}"))).json()

        shown = [(item["name"], item["size"]) for item in first["items"] + rest["items"]]
        assert shown == [("beta", None), ("Alpha.txt", 5), ("gamma.txt", 5)]
        told = {"id", "kind", "name", "size", "content_type", "updated_at"}
        assert set(first["items"][1]) == told

    async def test_folders_below_are_browsed_and_others_are_not(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        root = (await ada.http.get("/v1/folders/root")).json()
        top, other = await make_folder(ada, "Top"), await make_folder(ada, "Other")
        inner = await make_folder(ada, "Inner", await make_folder(ada, "Middle", top))
        file = await upload_file(ada, b"hello", folder_id=inner["id"])
        link = await make_link(ada, top)

        async def browse(folder_id: str) -> httpx.Response:
            return await http.get(public(link, f"/children?folder_id={folder_id}"))

        assert [one["id"] for one in (await browse(inner["id"])).json()["items"]] == [file["id"]]
        for outside in (other["id"], root["id"], file["id"], str(uuid4())):
            assert code(await browse(outside)) == "404 not_found"

    async def test_a_file_link_has_nothing_to_browse(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"))

        assert code(await http.get(public(link, "/children"))) == "404 not_found"
