"""Headers that an uploader adds to the presigned request, so that others get something else.

A signature cannot say that a header is absent. S3 itself refuses only `x-amz-*` headers that were
not signed; it stores the others. Whatever is added: who downloads gets the declared bytes, or the
upload fails and nobody gets a file.
"""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from backend.core.settings import Settings
from tests.conftest import serve
from tests.support.people import Person, Register, plain_client
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    send_parts,
    sha256_base64,
    upload_file,
    usage,
)

BOMB = gzip.compress(b"a" * 5000)
ADDED = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    "Content-Encoding": "gzip",
    "Content-Language": "tlh",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
    "x-amz-meta-note": "hello",
    "x-amz-storage-class": "DEEP_ARCHIVE",
    "x-amz-tagging": "a=b",
    "x-amz-website-redirect-location": "https://evil.example/",
}
FATAL = ("Content-Encoding", "x-amz-storage-class", "x-amz-website-redirect-location")


async def download(person: Person, file: Json) -> httpx.Response:
    """As a browser does: it decodes what it is told to decode."""
    answer = await person.http.post(f"/v1/files/{file['id']}/download-url", json={})
    async with plain_client() as s3:
        return await s3.get(answer.raise_for_status().json()["url"])


def adding(request: Json, headers: dict[str, str]) -> Json:
    """The request with more headers than were given."""
    return request | {"headers": request["headers"] | headers}


@pytest.mark.parametrize("name", ADDED)
class TestAddedToAPut:
    async def test_gives_the_recipient_what_was_declared_or_nothing(
        self, register: Register, name: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, BOMB, checksum_sha256=sha256_base64(BOMB))
        sent = await send(adding(upload["request"], {name: ADDED[name]}), BOMB)
        completed = await complete(ada, upload)

        if sent.is_success and name not in FATAL:
            got = await download(ada, completed.json()["file"])
            assert (got.content, got.headers["content-length"]) == (BOMB, str(len(BOMB)))
            assert got.headers["content-disposition"].startswith("attachment")
            assert got.headers["cache-control"] == "private, no-cache"
            assert "2037" not in got.headers["expires"]
        else:
            assert completed.json()["code"] in {"headers_added", "upload_incomplete"}
            assert (await usage(ada))["used_bytes"] == 0


class TestAnEncoding:
    async def test_fails_the_upload_which_frees_its_quota(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, BOMB)
        await send(adding(upload["request"], {"Content-Encoding": "gzip"}), BOMB)

        refused = await complete(ada, upload)

        assert (refused.status_code, refused.json()["code"]) == (422, "headers_added")
        assert "Content-Encoding" in refused.json()["detail"]
        seen = (await ada.http.get(f"/v1/uploads/{upload['id']}")).json()
        assert (seen["state"], seen["failure"]["code"]) == ("failed", "headers_added")
        assert (await usage(ada))["reserved_bytes"] == 0

    async def test_that_says_there_is_none_is_harmless(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, BOMB)
        await send(adding(upload["request"], {"Content-Encoding": "identity"}), BOMB)

        file = (await complete(ada, upload)).json()["file"]

        assert (await download(ada, file)).content == BOMB

    async def test_in_a_form_gives_nobody_other_bytes(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, BOMB, method="post")
        form = upload["request"]
        fields = {"Content-Encoding": "gzip", **form["fields"]}
        sent = await send(form | {"fields": fields}, BOMB)

        completed = await complete(ada, upload)

        if sent.is_success and completed.is_success:
            assert (await download(ada, completed.json()["file"])).content == BOMB
        else:
            assert completed.json()["code"] in {"headers_added", "upload_incomplete"}

    async def test_of_a_part_is_not_kept(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, BOMB, method="multipart")
        parts = [adding(part, {"Content-Encoding": "gzip"}) for part in upload["parts"]]
        done = await send_parts(upload, BOMB, parts)

        file = (await complete(ada, upload, parts=done)).json()["file"]

        assert (await download(ada, file)).content == BOMB


class TestAfterCompletion:
    @pytest.fixture
    async def replaceable(self, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
        """An API on a store without conditional writes: a kept URL writes the object again."""
        lenient = settings.s3.model_copy(update={"conditional_writes": False})
        changed = settings.model_copy(update={"s3": lenient})
        async with serve(changed) as url, plain_client(base_url=url) as client:
            yield client

    async def test_an_encoding_is_overridden_by_every_download(
        self, register: Register, replaceable: httpx.AsyncClient
    ) -> None:
        ada = await register()
        ada.http.base_url = replaceable.base_url
        upload = await begin(ada, BOMB)
        await send(upload["request"], BOMB)
        file = (await complete(ada, upload)).json()["file"]

        again = await send(adding(upload["request"], {"Content-Encoding": "gzip"}), BOMB)

        assert again.status_code == 200
        assert (await download(ada, file)).content == BOMB

    @pytest.mark.parametrize(
        "name", ["response-content-encoding", "response-cache-control", "response-expires"]
    )
    async def test_the_overrides_cannot_be_changed(self, register: Register, name: str) -> None:
        ada = await register()
        file = await upload_file(ada, BOMB)
        signed = (await ada.http.post(f"/v1/files/{file['id']}/download-url", json={})).json()
        url = httpx.URL(signed["url"])

        async with plain_client() as s3:
            for forged in (url.copy_set_param(name, "gzip"), url.copy_remove_param(name)):
                assert (await s3.get(forged)).status_code == 403
