"""What a client can do with what it was given, and what it cannot: against a server that checks."""

import base64
import re
from datetime import timedelta
from hashlib import sha256
from time import time
from uuid import uuid4

import httpx
import pytest

from backend.core.s3.client import bucket_address, open_session, session_credentials
from backend.core.s3.presign import Presigner

CONTENT = b"hello"
OTHER = b"hallo"
MINUTE = timedelta(minutes=1)


def encoded(content: bytes) -> str:
    return base64.b64encode(sha256(content).digest()).decode()


@pytest.fixture
def key() -> str:
    return f"objects/20261121/{uuid4()}"


@pytest.fixture
def presigner_a_minute_ago(s3_settings) -> Presigner:
    session = open_session(s3_settings)
    return Presigner(
        bucket_address(session, s3_settings),
        session_credentials(session),
        region=s3_settings.region,
        clock=lambda: time() - 61,
    )


async def send(client, signed, content=CONTENT, **changes):
    """Send a signed request, with some of it changed."""
    request = {"method": signed.method, "url": signed.url, "headers": signed.headers} | changes
    return await client.request(**request, content=content)


async def stored(storage, key):
    head = await storage.head(key)
    return head and head.size


class TestPut:
    @pytest.fixture
    def signed(self, presigner: Presigner, key):
        return presigner.put(
            key,
            size=len(CONTENT),
            content_type="text/plain",
            checksum_sha256=encoded(CONTENT),
            expires=MINUTE,
        )

    async def test_stores_the_promised_bytes(self, client, signed, storage, key):
        assert (await send(client, signed)).status_code == 200
        head = await storage.head(key)
        assert (head.size, head.content_type) == (len(CONTENT), "text/plain")
        assert head.checksum.value == encoded(CONTENT)

    async def test_a_second_use_changes_nothing(self, client, signed):
        await send(client, signed)
        assert (await send(client, signed)).status_code == 412

    async def test_other_bytes_of_the_same_length_are_refused(self, client, signed, storage, key):
        assert (await send(client, signed, OTHER)).status_code == 400
        assert await stored(storage, key) is None

    @pytest.mark.parametrize("content", [CONTENT + b"!", CONTENT[:-1], b""])
    async def test_another_length_is_refused(self, client, signed, storage, key, content):
        headers = signed.headers | {"Content-Length": str(len(content))}
        assert (await send(client, signed, content, headers=headers)).status_code == 403
        assert await stored(storage, key) is None

    async def test_another_type_is_refused(self, client, signed):
        headers = signed.headers | {"Content-Type": "text/html"}
        assert (await send(client, signed, headers=headers)).status_code == 403

    async def test_another_checksum_is_refused(self, client, signed):
        headers = signed.headers | {"x-amz-checksum-sha256": encoded(OTHER)}
        assert (await send(client, signed, OTHER, headers=headers)).status_code == 403

    @pytest.mark.parametrize("name", ["If-None-Match", "Content-Type", "x-amz-checksum-sha256"])
    async def test_no_signed_header_can_be_left_out(self, client, signed, storage, key, name):
        headers = {other: value for other, value in signed.headers.items() if other != name}
        assert (await send(client, signed, headers=headers)).status_code == 403
        assert await stored(storage, key) is None

    async def test_another_key_is_refused(self, client, signed, key):
        url = signed.url.replace(key, f"objects/20261121/{uuid4()}")
        assert (await send(client, signed, url=url)).status_code == 403

    @pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
    async def test_another_method_is_refused(self, client, signed, method):
        assert (await send(client, signed, method=method)).status_code == 403

    @pytest.mark.parametrize(
        "change",
        [
            (r"X-Amz-Expires=\d+", "X-Amz-Expires=604800"),
            (r"X-Amz-Date=\d+", "X-Amz-Date=20261122"),
            (r"X-Amz-SignedHeaders=[^&]+", "X-Amz-SignedHeaders=host"),
            (r"X-Amz-Signature=.", "X-Amz-Signature=z"),
            (r"&X-Amz-Signature=.*", ""),
            (r"\?.*", ""),
            (r"$", "&acl="),
        ],
    )
    async def test_a_tampered_query_is_refused(self, client, signed, storage, key, change):
        pattern, replacement = change
        url = re.sub(pattern, replacement, signed.url, count=1)
        assert url != signed.url
        assert (await send(client, signed, url=url)).status_code == 403
        assert await stored(storage, key) is None


async def test_an_expired_url_is_refused(client, presigner_a_minute_ago, key):
    signed = presigner_a_minute_ago.put(key, size=5, content_type="text/plain", expires=MINUTE)
    response = await send(client, signed)
    assert response.status_code == 403
    assert "expired" in response.text.lower()


async def test_an_empty_file_can_be_put(client, presigner, storage, key):
    signed = presigner.put(key, size=0, content_type="text/plain", expires=MINUTE)
    assert (await send(client, signed, b"")).status_code == 200
    assert await stored(storage, key) == 0


class TestPart:
    @pytest.fixture
    async def upload_id(self, storage, key):
        return await storage.create_multipart(key, content_type="text/plain", with_checksums=True)

    @pytest.fixture
    def signed(self, presigner, key, upload_id):
        return presigner.part(
            key,
            upload_id,
            1,
            size=len(CONTENT),
            checksum_sha256=encoded(CONTENT),
            expires=MINUTE,
        )

    async def test_stores_the_promised_bytes(self, client, signed, storage, key, upload_id):
        assert (await send(client, signed)).status_code == 200
        [part] = await storage.list_parts(key, upload_id)
        assert (part.part_number, part.size) == (1, len(CONTENT))
        assert part.checksum_sha256 == encoded(CONTENT)

    async def test_may_be_sent_again(self, client, signed, storage, key, upload_id):
        await send(client, signed)
        assert (await send(client, signed)).status_code == 200
        assert len(await storage.list_parts(key, upload_id)) == 1

    async def test_more_bytes_are_refused(self, client, signed, storage, key, upload_id):
        content = CONTENT * 1000
        headers = signed.headers | {"Content-Length": str(len(content))}
        assert (await send(client, signed, content, headers=headers)).status_code == 403
        assert await storage.list_parts(key, upload_id) == []

    async def test_other_bytes_are_refused(self, client, signed, storage, key, upload_id):
        assert (await send(client, signed, OTHER)).status_code == 400
        assert await storage.list_parts(key, upload_id) == []

    async def test_another_part_number_is_refused(self, client, signed):
        url = signed.url.replace("partNumber=1&", "partNumber=2&")
        assert (await send(client, signed, url=url)).status_code == 403

    async def test_the_parts_alone_make_no_object(self, client, signed, storage, key):
        await send(client, signed)
        assert await stored(storage, key) is None


class TestPost:
    @pytest.fixture
    def form(self, presigner, key):
        return presigner.post(
            key,
            size=len(CONTENT),
            content_type="text/plain",
            checksum_sha256=encoded(CONTENT),
            expires=MINUTE,
        )

    async def post(self, client, form, content=CONTENT, **changes):
        fields = {**form.fields, **changes}
        return await client.post(form.url, data=fields, files={"file": ("any.txt", content)})

    async def test_stores_the_promised_bytes(self, client, form, storage, key):
        assert (await self.post(client, form)).status_code == 201
        head = await storage.head(key)
        assert (head.size, head.content_type) == (len(CONTENT), "text/plain")

    @pytest.mark.parametrize("content", [CONTENT + b"!", CONTENT[:-1], b""])
    async def test_another_length_is_refused(self, client, form, storage, key, content):
        assert (await self.post(client, form, content)).status_code == 400
        assert await stored(storage, key) is None

    async def test_another_key_is_refused(self, client, form, storage):
        elsewhere = f"objects/20261121/{uuid4()}"
        assert (await self.post(client, form, key=elsewhere)).status_code == 403
        assert await stored(storage, elsewhere) is None

    @pytest.mark.parametrize(
        "change",
        [
            {"Content-Type": "text/html"},
            {"x-amz-checksum-sha256": encoded(OTHER)},
            {"acl": "public-read"},
            {"success_action_redirect": "https://evil.example"},
            {"policy": base64.b64encode(b"{}").decode()},
            {"x-amz-signature": "0" * 64},
        ],
    )
    async def test_nothing_else_can_be_said(self, client, form, storage, key, change):
        assert (await self.post(client, form, **change)).status_code == 403
        assert await stored(storage, key) is None

    async def test_an_expired_form_is_refused(self, client, presigner_a_minute_ago, key):
        form = presigner_a_minute_ago.post(key, size=5, content_type="text/plain", expires=MINUTE)
        assert (await self.post(client, form)).status_code == 403


class TestGet:
    @pytest.fixture
    async def signed(self, client, presigner, key):
        put = presigner.put(key, size=5, content_type="text/html", expires=MINUTE)
        await send(client, put)
        return presigner.get(
            key,
            filename="Grüße.html",
            content_type="text/html",
            disposition="inline",
            expires=MINUTE,
        )

    async def test_gives_the_bytes_as_a_harmless_file(self, client, signed):
        response = await client.get(signed.url)
        assert response.content == CONTENT
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"].startswith("attachment; ")

    async def test_gives_a_range_for_resuming(self, client, signed):
        response = await client.get(signed.url, headers={"Range": "bytes=1-2"})
        assert (response.status_code, response.content) == (206, CONTENT[1:3])

    @pytest.mark.parametrize(
        ("pattern", "instead"),
        [
            ("response-content-type=[^&]+", "response-content-type=text%2Fhtml"),
            ("response-content-disposition=[^&]+", "response-content-disposition=inline"),
            ("response-content-type=[^&]+&", ""),
            ("$", "&response-cache-control=public"),
        ],
    )
    async def test_cannot_be_made_to_run_in_a_browser(self, client, signed, pattern, instead):
        url = re.sub(pattern, instead, signed.url, count=1)
        assert (await client.get(url)).status_code == 403

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    async def test_cannot_write(self, client, signed, method):
        assert (await send(client, signed, method=method)).status_code == 403

    async def test_safe_types_are_shown_in_place(self, client, presigner, key):
        put = presigner.put(key, size=5, content_type="image/png", expires=MINUTE)
        await send(client, put)
        signed = presigner.get(
            key, filename="a.png", content_type="image/png", disposition="inline", expires=MINUTE
        )
        response = await client.get(signed.url)
        assert response.headers["content-type"] == "image/png"
        assert response.headers["content-disposition"] == 'inline; filename="a.png"'


async def test_without_a_signature_nothing_is_given(client, object_store, key, presigner):
    signed = presigner.get(key, filename="f", content_type="a/b", expires=MINUTE)
    url = httpx.URL(signed.url).copy_with(query=None)
    assert (await client.get(url)).status_code == 403
    assert (await client.get(url.copy_with(path="/storage-tests"))).status_code == 403
