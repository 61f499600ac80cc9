import asyncio

import httpx

from tests.support.people import Register
from tests.support.sharing import code, make_link, public
from tests.support.transfer import upload_file
from tests.support.trees import make_folder


class TestDownload:
    async def test_the_url_gives_the_bytes(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello", "a.txt"), max_downloads=3)

        download = (await http.post(public(link, "/download-url"))).json()

        got = await http.get(download["url"])
        assert got.content == b"hello"
        assert got.headers["Content-Disposition"] == 'attachment; filename="a.txt"'
        assert (await http.get(public(link))).json()["downloads_left"] == 2

    async def test_a_folder_link_gives_any_file_below_and_no_other(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        top = await make_folder(ada, "Top")
        inner = await make_folder(ada, "Inner", top)
        inside = await upload_file(ada, b"inside", folder_id=inner["id"])
        outside = await upload_file(ada, b"outside")
        link = await make_link(ada, top, max_downloads=5)

        async def wish(**body: str) -> httpx.Response:
            return await http.post(public(link, "/download-url"), json=body)

        assert (await http.get((await wish(file_id=inside["id"])).json()["url"])).content
        assert code(await wish(file_id=outside["id"])) == "404 not_found"
        assert code(await wish(file_id=inner["id"])) == "404 not_found"
        assert code(await wish()) == "422 file_id_required"
        assert (await http.get(public(link))).json()["downloads_left"] == 4

    async def test_a_file_link_gives_no_other_file(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        file, other = await upload_file(ada, b"one"), await upload_file(ada, b"two")
        url = public(await make_link(ada, file), "/download-url")

        assert (await http.post(url, json={"file_id": file["id"]})).status_code == 200
        assert code(await http.post(url, json={"file_id": other["id"]})) == "404 not_found"

    async def test_downloads_are_limited(
        self, register: Register, http: httpx.AsyncClient, slow_links: str
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"))
        url = slow_links + public(link, "/download-url")

        answers = [await http.post(url) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0


class TestCap:
    async def test_ten_downloads_claimed_by_a_hundred_are_exactly_ten(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"), max_downloads=10)
        url = public(link, "/download-url")

        answers = await asyncio.gather(*(http.post(url) for _ in range(100)))

        given = [answer for answer in answers if answer.status_code == 200]
        refused = {code(answer) for answer in answers if answer.status_code != 200}
        assert len(given) == 10
        assert refused == {"410 downloads_exhausted"}
        shown = (await ada.http.get(f"/v1/links/{link['id']}")).json()
        assert shown["download_count"] == 10
        assert code(await http.get(public(link))) == "410 downloads_exhausted"

    async def test_raising_the_cap_brings_an_exhausted_link_back(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"), max_downloads=1)
        await http.post(public(link, "/download-url"))

        await ada.http.patch(f"/v1/links/{link['id']}", json={"max_downloads": 2})

        assert (await http.post(public(link, "/download-url"))).status_code == 200
