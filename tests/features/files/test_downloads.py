from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    make_folder,
    problem,
)

NOWHERE = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"


async def fetch(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as anyone:
        return await anyone.get(url)


class TestDownload:
    async def test_redirects_to_the_bytes(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.txt", b"the bytes")
        answer = await ada.http.get(f"/v1/files/{file['id']}/download")
        assert answer.status_code == 307
        assert answer.headers["cache-control"] == "no-store"
        assert (await fetch(answer.headers["location"])).content == b"the bytes"

    async def test_head_leads_to_what_answers_head(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.txt", b"the bytes")
        answer = await ada.http.head(f"/v1/files/{file['id']}/download")
        assert (answer.status_code, answer.content) == (307, b"")
        async with httpx.AsyncClient() as anyone:
            at_the_store = await anyone.head(answer.headers["location"])
        assert (at_the_store.status_code, at_the_store.headers["content-length"]) == (200, "9")

    async def test_a_stranger_s_is_not_found(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        file = await put_file(ada)
        answer = await eve.http.get(f"/v1/files/{file['id']}/download")
        assert problem(answer) == (404, "not_found")

    async def test_a_folder_has_none(self, register: Register):
        ada = await register()
        folder = await make_folder(ada, "A")
        answer = await ada.http.get(f"/v1/files/{folder['id']}/download")
        assert problem(answer) == (404, "not_found")

    async def test_a_trashed_file_has_none(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        await ada.http.delete(f"/v1/files/{file['id']}")
        answer = await ada.http.get(f"/v1/files/{file['id']}/download")
        assert problem(answer) == (404, "not_found")


class TestDownloadUrl:
    async def test_gives_the_bytes_under_the_file_s_name(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "Отчёт ‘1’.txt", b"hello")
        answer = await ada.http.post(f"/v1/files/{file['id']}/download-url")
        download = answer.json()
        assert download["file_id"] == file["id"]
        assert download["name"] == file["name"]
        assert download["size"] == 5
        assert download["etag"] == file["etag"]
        got = await fetch(download["url"])
        assert got.content == b"hello"
        assert got.headers["content-disposition"].startswith("attachment; filename=")
        assert "filename*=UTF-8''%D0%9E" in got.headers["content-disposition"]

    async def test_ends_when_it_says(self, register: Register, put_file: PutFile, settings):
        ada = await register()
        file = await put_file(ada)
        download = (await ada.http.post(f"/v1/files/{file['id']}/download-url")).json()
        left = datetime.fromisoformat(download["expires_at"]) - datetime.now(UTC)
        assert settings.download_url_ttl - timedelta(seconds=30) < left
        assert left <= settings.download_url_ttl

    async def test_what_a_browser_would_run_is_served_as_opaque(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada, "a.html", b"<script>", content_type="text/html")
        url = f"/v1/files/{file['id']}/download-url"
        download = (await ada.http.post(url, json={"disposition": "inline"})).json()
        got = await fetch(download["url"])
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment")

    async def test_a_picture_may_be_shown_in_place(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada, "a.png", b"png", content_type="image/png")
        url = f"/v1/files/{file['id']}/download-url"
        download = (await ada.http.post(url, json={"disposition": "inline"})).json()
        got = await fetch(download["url"])
        assert got.headers["content-disposition"].startswith("inline")

    async def test_an_old_version_can_be_asked_for(self, register: Register, put_file: PutFile):
        ada = await register()
        old = await put_file(ada, "a.txt", b"old")
        await put_file(ada, "a.txt", b"brand new", file_id=old["id"])
        url = f"/v1/files/{old['id']}/download-url"
        download = (await ada.http.post(url, json={"version_id": old["version_id"]})).json()
        assert download["size"] == 3
        assert (await fetch(download["url"])).content == b"old"

    async def test_another_file_s_version_is_not_found(self, register: Register, put_file: PutFile):
        ada = await register()
        file, other = await put_file(ada, "a"), await put_file(ada, "b")
        url = f"/v1/files/{file['id']}/download-url"
        answer = await ada.http.post(url, json={"version_id": other["version_id"]})
        assert problem(answer) == (404, "not_found")

    async def test_a_viewer_gets_one(self, register: Register, put_file: PutFile, share: Share):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        file = await put_file(ada, "a.txt", b"shared", folder_id=folder["id"])
        await share(folder, bob, "viewer")
        download = (await bob.http.post(f"/v1/files/{file['id']}/download-url")).json()
        assert (await fetch(download["url"])).content == b"shared"

    async def test_an_odd_disposition_is_refused(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        url = f"/v1/files/{file['id']}/download-url"
        answer = await ada.http.post(url, json={"disposition": "inline\r\nX: y"})
        assert problem(answer) == (422, "invalid_request")


class TestDownloadUrls:
    async def test_gives_them_in_the_order_asked_for(self, register: Register, put_file: PutFile):
        ada = await register()
        ids = [(await put_file(ada, name))["id"] for name in "abc"][::-1]
        answer = await ada.http.post("/v1/download-urls", json={"file_ids": [*ids, ids[0]]})
        assert [item["file_id"] for item in answer.json()["items"]] == [*ids, ids[0]]

    async def test_one_that_is_missing_fails_the_whole_and_is_named(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        file = await put_file(ada)
        answer = await ada.http.post("/v1/download-urls", json={"file_ids": [file["id"], NOWHERE]})
        assert problem(answer) == (404, "not_found")
        assert [error["loc"] for error in answer.json()["errors"]] == [["body", "file_ids", "1"]]

    async def test_a_stranger_s_file_is_missing(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        file = await put_file(ada)
        answer = await eve.http.post("/v1/download-urls", json={"file_ids": [file["id"]]})
        assert problem(answer) == (404, "not_found")

    async def test_a_thousand_come_at_once(self, register: Register, put_file: PutFile):
        ada = await register()
        file = await put_file(ada)
        body = {"file_ids": [file["id"]] * 1000}
        answer = await ada.http.post("/v1/download-urls", json=body)
        assert len(answer.json()["items"]) == 1000

    @pytest.mark.parametrize("ids", [[], [NOWHERE] * 1001, ["x"], None])
    async def test_none_too_many_or_no_ids_are_refused(self, register: Register, ids):
        ada = await register()
        answer = await ada.http.post("/v1/download-urls", json={"file_ids": ids})
        assert problem(answer) == (422, "invalid_request")
