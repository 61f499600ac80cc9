"""Storing a script for others to run: on our origin and on the bucket's, none ever does.

Proven in Chromium: files that call home when they are executed are opened as pages and in frames.
That they would call home if they were served as what they are is part of the proof.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.security.browser import CHROMIUM, canary, visit
from tests.support.people import Person, Register, plain_client
from tests.support.sharing import make_link
from tests.support.transfer import upload_file

Json = dict[str, Any]

HTML = b"<html><body><script>fetch('%s')</script></body></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>fetch('%s')</script></svg>"
XML = (
    b"<?xml version='1.0'?><x><script xmlns='http://www.w3.org/1999/xhtml'>fetch('%s')</script></x>"
)
XHTML = b"<html xmlns='http://www.w3.org/1999/xhtml'><script>fetch('%s')</script></html>"
JS = b"fetch('%s')"
# A GIF to whoever looks at its first bytes, a page to whoever looks further.
POLYGLOT = b"GIF89a/*<script>fetch('%s')</script>*/=0"

DANGEROUS = {
    "page.html": ("text/html", HTML),
    "page.HTML": ("TEXT/HTML; charset=utf-7", HTML),
    "picture.svg": ("image/svg+xml", SVG),
    "feed.xml": ("text/xml", XML),
    "data.xml": ("application/xml", XML),
    "page.xhtml": ("application/xhtml+xml", XHTML),
    "archive.mht": ("multipart/related", HTML),
    "script.js": ("text/javascript", JS),
    "unknown.bin": ("x/y", HTML),
}
DISGUISED = {
    "polyglot.gif": ("image/gif", POLYGLOT),
    "page.png": ("image/png", HTML),
    "page.txt": ("text/plain", HTML),
    "page.pdf": ("application/pdf", HTML),
    "page.mp4": ("video/mp4", HTML),
    "page.bin": ("application/octet-stream", HTML),
    "page.json": ("application/json", HTML),
}
RUNS_WHEN_SERVED_AS_IT_IS = ("page.html", "picture.svg", "feed.xml", "data.xml", "page.xhtml")


async def url_of(person: Person, file: Json, disposition: str) -> str:
    body = {"disposition": disposition}
    answer = await person.http.post(f"/v1/files/{file['id']}/download-url", json=body)
    return str(answer.raise_for_status().json()["url"])


@pytest.mark.skipif(CHROMIUM is None, reason="2026-11-21: needs Chromium (Debian's package)")
class TestInABrowser:
    async def test_no_stored_file_runs_script(self, register: Register, tmp_path: Path) -> None:
        ada = await register()
        async with canary() as bird:
            urls = [f"{bird.url}/page/{name}" for name in RUNS_WHEN_SERVED_AS_IT_IS]
            for name, (kind, template) in {**DANGEROUS, **DISGUISED}.items():
                live = template % f"{bird.url}/served as it is: {name}".encode()
                bird.pages[name] = (kind, live)
                for disposition in ("attachment", "inline"):
                    stored = template % f"{bird.url}/stored {disposition}: {name}".encode()
                    file = await upload_file(ada, stored, name, content_type=kind)
                    urls.append(await url_of(ada, file, disposition))
            await visit(bird, urls, tmp_path)

        ran = set(bird.asked) - {"done", "favicon.ico"}
        assert ran == {f"served as it is: {name}" for name in RUNS_WHEN_SERVED_AS_IT_IS}

    async def test_no_name_runs_script_on_our_pages(
        self, register: Register, tmp_path: Path
    ) -> None:
        ada = await register()
        async with canary() as bird:
            call = f"fetch(&quot;{bird.url}&quot;)".replace("/", "&#47;")
            urls = []
            for name in (
                f"<img src=x onerror={call}>.txt",
                f'"><svg onload={call}>',
                f"<script>{call}<script>",
                "javascript:alert(1)",
            ):
                file = await upload_file(ada, b"hello", name)
                urls.append((await make_link(ada, file))["url"])
            ours = [httpx.URL(url).path for url in urls]
            nonsense = quote("<script>fetch('//x')</script>")
            ours += [
                f"/s/{nonsense}",
                f"/v1/files?q={nonsense}",
                f"/{nonsense}",
                "/reset#token=<x>",
            ]
            await visit(bird, [ada.url + path for path in ours], tmp_path)

        assert set(bird.asked) <= {"done", "favicon.ico"}


class TestHeaders:
    @pytest.mark.parametrize("name", [*DANGEROUS, *DISGUISED])
    async def test_make_every_file_a_harmless_download(self, register: Register, name: str) -> None:
        kind, content = {**DANGEROUS, **DISGUISED}[name]
        ada = await register()
        file = await upload_file(ada, content, name, content_type=kind)

        async with plain_client() as s3:
            attached = await s3.get(await url_of(ada, file, "attachment"))
            inline = await s3.get(await url_of(ada, file, "inline"))

        assert attached.headers["content-disposition"].startswith("attachment")
        if name in DANGEROUS:
            assert attached.headers["content-type"] == "application/octet-stream"
            assert inline.headers["content-disposition"].startswith("attachment")
        assert inline.headers["content-type"] == attached.headers["content-type"]

    async def test_cannot_be_changed_by_who_has_the_url(self, register: Register) -> None:
        ada = await register()
        file = await upload_file(ada, HTML, "page.html", content_type="text/html")
        url = httpx.URL(await url_of(ada, file, "attachment"))

        async with plain_client() as s3:
            for name, value in (
                ("response-content-type", "text/html"),
                ("response-content-disposition", "inline"),
            ):
                changed = url.copy_set_param(name, value)
                added = url.copy_add_param(name, value)
                removed = url.copy_remove_param(name)
                for forged in (changed, added, removed):
                    assert (await s3.get(forged)).status_code == 403

    @pytest.mark.parametrize(
        "name",
        ['a"; filename="b.html', "a;b=c", "räksmörgås.txt", "日本.txt", "a%0d%0aX: y", "a'b", "🎉"],
    )
    async def test_survive_every_file_name(self, register: Register, name: str) -> None:
        ada = await register()
        file = await upload_file(ada, b"hello", name)

        async with plain_client() as s3:
            answer = await s3.get(await url_of(ada, file, "attachment"))

        disposition = answer.headers["content-disposition"]
        assert answer.status_code == 200
        assert disposition.isascii()
        assert disposition.count('"') == 2
        assert "x" not in answer.headers
