import httpx
import pytest

from backend.core.services import Services
from backend.features.pages import link_pages
from tests.support.html import parse
from tests.support.people import Register
from tests.support.sharing import Json, expire, make_link
from tests.support.transfer import upload_file
from tests.support.trees import make_folder

PASSWORD = "violet umbrella"


def page_of(link: Json, rest: str = "") -> str:
    return f"/s/{link['token']}{rest}"


async def downloads_of(owner: httpx.AsyncClient, link: Json) -> int:
    count: int = (await owner.get(f"/v1/links/{link['id']}")).json()["download_count"]
    return count


class TestFile:
    async def test_it_says_what_there_is_to_download(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"x" * 48213, "report.pdf", content_type="application/pdf")
        link = await make_link(ada, file, max_downloads=3, expires_at="2101-01-31T12:00:00Z")

        page = parse((await http.get(page_of(link))).text)

        assert page.one("h1").text == "report.pdf"
        facts = [element.text for element in page.all("dd")]
        assert "PDF document · 48.2 kB" in page.one("p", class_="lead").text
        assert "31 Jan 2101, 12:00 UTC" in facts[0]
        assert facts[1] == "3"
        assert page.one("meta", property="og:title")["content"] == "report.pdf"

    async def test_the_button_counts_one_download_and_leads_to_the_bytes(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello", "a.txt"))
        form = parse((await http.get(page_of(link))).text).one("form")

        answer = await http.post(form["action"])

        assert answer.status_code == 303
        assert (await http.get(answer.headers["Location"])).content == b"hello"
        assert await downloads_of(ada.http, link) == 1

    async def test_looking_is_not_downloading(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"), max_downloads=1)

        for _ in range(3):
            assert (await http.get(page_of(link))).status_code == 200
            assert (await http.head(page_of(link))).status_code == 200
        assert (await http.get(page_of(link, "/download"))).headers["Location"] == page_of(link)

        assert await downloads_of(ada.http, link) == 0

    @pytest.mark.parametrize(
        "name", ["<img src=x onerror=alert(1)>", "\"><b>'&amp;", "{{ 7 * 7 }}", "ثابت.pdf"]
    )
    async def test_a_hostile_name_is_only_text(
        self, register: Register, http: httpx.AsyncClient, name: str
    ) -> None:
        ada = await register("ada")
        file, folder = await upload_file(ada, b"hello", name), await make_folder(ada, f"{name} 2")

        for link in (await make_link(ada, file), await make_link(ada, folder)):
            page = parse((await http.get(page_of(link))).text)
            assert page.one("h1").text.strip().startswith(name)
            assert name in page.one("title").text
            assert len(page.all("img")) == 1  # the mark
            assert page.all("b") == []


class TestFolder:
    async def test_files_are_listed_and_each_can_be_downloaded(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        top = await make_folder(ada, "Top")
        await upload_file(ada, b"hello", "a.txt", folder_id=top["id"])
        link = await make_link(ada, top)
        page = parse((await http.get(page_of(link))).text)

        form, hidden = page.one("form"), page.one("input", name="file_id")
        answer = await http.post(form["action"], data={"file_id": hidden["value"]})

        assert page.one("button").text.strip() == "Download a.txt"
        assert (await http.get(answer.headers["Location"])).content == b"hello"

    async def test_folders_lead_down_and_the_trail_leads_back(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        top = await make_folder(ada, "Top")
        inner = await make_folder(ada, "Inner", await make_folder(ada, "Middle", top))
        link = await make_link(ada, top)

        first = parse((await http.get(page_of(link))).text)
        second = parse((await http.get(first.one("a", class_="name")["href"])).text)
        third = parse((await http.get(second.one("a", class_="name")["href"])).text)

        trail = third.one("nav", **{"aria-label": "Parent folders"})
        assert trail.text.split() == ["Top", "Middle", "Inner"]
        assert (third.one("h1").text, inner["name"]) == ("Inner", "Inner")
        assert third.all("p", class_="empty")
        back = [element["href"] for element in third.all("a") if element.text == "Top"]
        assert back == [page_of(link)]

    async def test_many_files_come_in_pages(
        self, register: Register, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(link_pages, "ROWS", 2)
        ada = await register("ada")
        top = await make_folder(ada, "Top")
        inner = await make_folder(ada, "Inner", top)
        for name in "abc":
            await upload_file(ada, b"hello", f"{name}.txt", folder_id=inner["id"])
        link = await make_link(ada, top)
        here = page_of(link, f"?folder={inner['id']}")

        first = parse((await http.get(here)).text)
        second = parse((await http.get(first.one("a", rel="next")["href"])).text)

        listed = [
            element.text for page in (first, second) for element in page.all("p", class_="name")
        ]
        assert listed == ["a.txt", "b.txt", "c.txt"]
        assert second.all("a", rel="next") == []
        assert [one["href"] for one in second.all("a") if one.text == "First page"] == [here]

    async def test_what_is_not_below_is_not_here(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Top"))
        other = await make_folder(ada, "Other")

        for rest in (f"?folder={other['id']}", "?folder=nonsense", "?cursor=nonsense"):
            answer = await http.get(page_of(link, rest))
            assert answer.status_code in (404, 422)
            assert parse(answer.text).one("h1").text
            assert "Other" not in answer.text


class TestPassword:
    async def test_before_it_is_given_nothing_is_told(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"x" * 48213, "secret plan.pdf")
        link = await make_link(ada, file, password=PASSWORD, expires_at="2101-01-31T12:00:00Z")

        answer = await http.get(page_of(link))

        assert answer.status_code == 200
        for secret in ("secret plan", "48.2", "PDF", "2101"):
            assert secret not in answer.text

    async def test_a_wrong_one_is_asked_for_again(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Secret plan"), password=PASSWORD)

        for data in ({"password": "wrong"}, {}):
            answer = await http.post(page_of(link, "/unlock"), data=data)

            page = parse(answer.text)
            assert answer.status_code == 401
            assert page.one("p", role="alert")["id"] == page.one("input")["aria-describedby"]
            assert "WWW-Authenticate" not in answer.headers
            assert "Secret plan" not in answer.text

    async def test_the_right_one_opens_the_page_and_the_download(
        self, register: Register, api_url: str
    ) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"hello", "secret plan.txt")
        link = await make_link(ada, file, password=PASSWORD)

        async with httpx.AsyncClient(base_url=api_url, follow_redirects=True) as browser:
            locked = parse((await browser.get(page_of(link))).text)
            form, field = locked.one("form"), locked.one("input")
            opened = await browser.post(form["action"], data={field["name"]: PASSWORD})
            got = await browser.post(parse(opened.text).one("form")["action"])

        assert parse(opened.text).one("h1").text == "secret plan.txt"
        assert got.content == b"hello"
        assert "secret plan" not in parse(opened.text).one("meta", property="og:title")["content"]
        assert await downloads_of(ada.http, link) == 1

    async def test_the_cookie_is_for_this_link_and_out_of_reach(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Secret plan"), password=PASSWORD)

        answer = await http.post(page_of(link, "/unlock"), data={"password": PASSWORD})

        _, *attributes = answer.headers["Set-Cookie"].split("; ")
        assert answer.headers["Location"] == page_of(link)
        assert set(attributes) == {
            *("HttpOnly", "Max-Age=3600", f"Path={page_of(link)}", "SameSite=lax")
        }

    async def test_a_download_without_it_leads_back_to_the_question(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"), password=PASSWORD)

        answer = await http.post(page_of(link, "/download"))

        assert (answer.status_code, answer.headers["Location"]) == (303, page_of(link))
        assert await downloads_of(ada.http, link) == 0

    async def test_too_many_guesses_are_told_to_wait(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Secret plan"), password=PASSWORD)

        for _ in range(11):
            answer = await http.post(page_of(link, "/unlock"), data={"password": "wrong"})

        assert answer.status_code == 429
        assert parse(answer.text).one("h1").text == "Too many attempts"
        assert int(answer.headers["Retry-After"]) > 0


class TestOver:
    async def test_a_wrong_token(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/s/nowhere")

        assert answer.status_code == 404
        assert parse(answer.text).one("h1").text == "This link does not work"

    async def test_a_withdrawn_link(self, register: Register, http: httpx.AsyncClient) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello", "plan.txt"))
        await ada.http.delete(f"/v1/links/{link['id']}")

        for answer in (await http.get(page_of(link)), await http.post(page_of(link, "/download"))):
            assert answer.status_code == 410
            assert parse(answer.text).one("h1").text == "This link was revoked"
            assert "plan.txt" not in answer.text

    async def test_an_expired_link(
        self, register: Register, http: httpx.AsyncClient, services: Services
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"))
        await expire(services, link)

        answer = await http.get(page_of(link))

        assert answer.status_code == 410
        assert parse(answer.text).one("h1").text == "This link has expired"

    async def test_a_used_up_link(self, register: Register, http: httpx.AsyncClient) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"), max_downloads=1)
        await http.post(page_of(link, "/download"))

        answer = await http.get(page_of(link))

        assert answer.status_code == 410
        assert parse(answer.text).one("h1").text == "No downloads left"
