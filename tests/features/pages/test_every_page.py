"""What holds for every page: it is safe, it can be used by everyone, it needs nobody else."""

import re
from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path

import httpx
import pytest

from backend.features.pages.rendering import OWN
from tests.support.html import Document, parse
from tests.support.people import Register
from tests.support.sharing import make_link
from tests.support.transfer import upload_file
from tests.support.trees import make_folder

HUES = ("blue", "green", "rose", "amber", "violet", "slate")
PAGES = ("file", "folder", "locked", "wrong", "withdrawn", "verify", "reset", "landing")
Open = Callable[[str], Awaitable[httpx.Response]]


@pytest.fixture
def open_page(register: Register, http: httpx.AsyncClient) -> Open:
    """Opens one of PAGES."""

    async def open_page(name: str) -> httpx.Response:
        fixed = {"verify": "/verify", "reset": "/reset", "landing": "/"}
        if name in fixed:
            return await http.get(fixed[name])
        ada = await register("ada")
        folder = await make_folder(ada, "Top")
        file = await upload_file(ada, b"hello", folder_id=folder["id"])
        limits = {"password": "violet umbrella"} if name in ("locked", "wrong") else {}
        link = await make_link(ada, folder if name == "folder" else file, **limits)
        if name == "withdrawn":
            await ada.http.delete(f"/v1/links/{link['id']}")
        if name == "wrong":
            return await http.post(f"/s/{link['token']}/unlock", data={"password": "wrong"})
        return await http.get(f"/s/{link['token']}")

    return open_page


def labels_of(page: Document) -> set[str]:
    return {label["for"] for label in page.all("label")}


@pytest.mark.parametrize("name", PAGES)
class TestEveryPage:
    async def test_it_is_neither_kept_nor_indexed_nor_framed(
        self, open_page: Open, name: str
    ) -> None:
        headers = (await open_page(name)).headers

        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]

    async def test_it_runs_no_script_but_ours_and_loads_nothing_from_others(
        self, open_page: Open, name: str
    ) -> None:
        answer = await open_page(name)
        page, policy = parse(answer.text), answer.headers["Content-Security-Policy"]

        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for element in page.elements:
            assert not [name for name in element.attributes if name.startswith("on")]
            assert "style" not in element.attributes
            for source in (element.attributes.get(name, "#") for name in ("src", "href", "action")):
                assert re.match(r"#|/(?!/)", source), "from another origin"
        scripts = [script["src"] for script in page.all("script")]
        assert bool(scripts) == (name in ("verify", "reset"))

    async def test_everyone_can_find_their_way(self, open_page: Open, name: str) -> None:
        page = parse((await open_page(name)).text)

        assert page.one("html")["lang"] == "en"
        assert "width=device-width" in page.one("meta", name="viewport")["content"]
        assert page.one("title").text.endswith("· We-Upload")
        assert page.one("h1").text.strip()
        assert page.one("a", class_="skip")["href"] == f"#{page.one('main')['id']}"
        shown = [field for field in page.all("input") if field.attributes.get("type") != "hidden"]
        assert {field["id"] for field in shown} == labels_of(page)
        assert all(button.text.strip() for button in page.all("button"))
        assert all("alt" in image.attributes for image in page.all("img"))
        ids = [element["id"] for element in page.elements if "id" in element.attributes]
        assert len(ids) == len(set(ids))


class TestAssets:
    async def test_they_are_served_from_here_and_kept_for_ever(
        self, http: httpx.AsyncClient
    ) -> None:
        pages = [parse((await http.get(path)).text) for path in ("/", "/verify", "/docs")]
        sources = {
            element.attributes.get("src") or element["href"]
            for page in pages
            for element in page.elements
            if element.tag in ("script", "link", "img")
        }

        assert len(sources) == 6
        for source in sources:
            answer = await http.get(source)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"

    async def test_an_old_version_is_asked_for_again(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/static/pages.css?v=old")

        assert answer.headers["Cache-Control"] == "no-cache"

    @pytest.mark.parametrize("name", ["routes.py", "..%2Froutes.py", "%2Fetc%2Fpasswd", "x"])
    async def test_nothing_else_is_served(self, http: httpx.AsyncClient, name: str) -> None:
        assert (await http.get(f"/static/{name}")).status_code == 404


class TestReference:
    async def test_it_runs_the_scripts_of_our_own_origin_only(
        self, http: httpx.AsyncClient
    ) -> None:
        answer = await http.get("/docs")

        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert [one.text for one in parse(answer.text).all("script")] == ["", ""]
        assert (await http.get("/openapi.json")).json()["info"]["title"] == "We-Upload"


class TestColours:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_stands_out_from_what_is_behind_it(self, scheme: str) -> None:
        colours = palette(OWN / "pages.css", scheme)
        pairs = [*product(["ink", "muted"], ["paper", "card", "glow"]), ("danger", "card")]
        pairs += [("accent", "card"), ("accent", "paper"), ("accent", "quiet"), ("ink", "quiet")]
        pairs += [("on-accent", "accent"), ("on-accent", "accent-strong")]
        pairs += [
            (hue, f"{hue}-soft") for hue in ["blue", "green", "rose", "amber", "violet", "slate"]
        ]

        for text, behind in pairs:
            ratio = contrast(colours[text], colours[behind])
            assert ratio >= 4.5, f"{text} on {behind}: {ratio:.2f}"  # WCAG 2.2, 1.4.3 (AA)


def palette(css: Path, scheme: str) -> dict[str, str]:
    """The colours of a scheme by name."""
    light, dark = re.findall(r":root \{(.*?)\}", css.read_text(), re.DOTALL)[:2]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", light if scheme == "light" else dark))


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class TestHead:
    """Monitors and previews of links ask so (RFC 9110, 9.3.2)."""

    @pytest.mark.parametrize("path", ["/", "/docs", "/verify", "/reset", "/static/pages.css"])
    async def test_answers_as_get_does_without_the_body(
        self, http: httpx.AsyncClient, path: str
    ) -> None:
        head, get = await http.head(path), await http.get(path)

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(get.content))
        assert head.headers["Content-Type"] == get.headers["Content-Type"]

    async def test_of_a_link_counts_no_download(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"), max_downloads=1)

        for _ in range(3):
            assert (await http.head(f"/s/{link['token']}")).status_code == 200
            assert (await http.head(f"/s/{link['token']}/download")).status_code == 303

        assert (await ada.http.get(f"/v1/links/{link['id']}")).json()["download_count"] == 0

    async def test_of_a_withdrawn_link_tells_so(
        self, open_page: Open, http: httpx.AsyncClient
    ) -> None:
        withdrawn = await open_page("withdrawn")

        assert (await http.head(withdrawn.url.path)).status_code == withdrawn.status_code == 410
