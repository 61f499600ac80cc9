"""Control calls against a real S3 server."""

import asyncio
import base64
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from backend.core.errors import DependencyUnavailable
from backend.core.s3.objects import (
    ForeignKeys,
    MultipartNotFound,
    ObjectNotFound,
    Part,
    PartsRefused,
)
from backend.core.s3.presign import PartToSign
from backend.core.s3.store import open_object_store
from backend.kit.checksums import Checksum, ChecksumType

MINUTE = timedelta(minutes=1)
HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592"


def encoded(content):
    return base64.b64encode(sha256(content).digest()).decode()


def new_key(folder="20261121"):
    return f"objects/{folder}/{uuid4()}"


@pytest.fixture
def put(client, presigner):
    async def put(key, content=b"hello"):
        signed = presigner.put(key, size=len(content), content_type="text/plain", expires=MINUTE)
        response = await client.put(signed.url, headers=signed.headers, content=content)
        assert response.status_code == 200
        return key

    return put


@pytest.fixture
def upload(client, presigner, storage):
    """Begin a multipart upload and send its parts; gives key and upload id."""

    async def upload(*contents, with_checksums=False, key=None):
        key = key or new_key()
        upload_id = await storage.create_multipart(
            key, content_type="video/mp4", with_checksums=with_checksums
        )
        parts = [
            PartToSign(number, len(content), encoded(content) if with_checksums else None)
            for number, content in enumerate(contents, 1)
        ]
        signed = presigner.parts(key, upload_id, parts, expires=MINUTE)
        for request, content in zip(signed, contents, strict=True):
            response = await client.put(request.url, headers=request.headers, content=content)
            assert response.status_code == 200
        return key, upload_id

    return upload


class TestHead:
    async def test_tells_what_was_stored(self, storage, put):
        head = await storage.head(await put(new_key()))
        assert (head.size, head.etag, head.content_type) == (5, HELLO_MD5, "text/plain")
        assert head.last_modified.tzinfo is not None

    async def test_is_none_where_nothing_is(self, storage):
        assert await storage.head(new_key()) is None


class TestMultipart:
    async def test_parts_become_one_object(self, storage, upload):
        key, upload_id = await upload(b"one", b"two")
        await storage.complete_multipart(key, upload_id, await storage.list_parts(key, upload_id))
        head = await storage.head(key)
        assert (head.size, head.content_type) == (6, "video/mp4")

    async def test_the_checksum_is_the_one_the_parts_promise(self, storage, upload):
        key, upload_id = await upload(b"one", b"two", with_checksums=True)
        await storage.complete_multipart(key, upload_id, await storage.list_parts(key, upload_id))
        checksum = (await storage.head(key)).checksum
        digests = sha256(b"one").digest() + sha256(b"two").digest()
        assert checksum == Checksum(f"{encoded(digests)}-2", ChecksumType.COMPOSITE)

    async def test_an_empty_file_is_one_empty_part(self, storage, upload):
        key, upload_id = await upload(b"")
        await storage.complete_multipart(key, upload_id, await storage.list_parts(key, upload_id))
        assert (await storage.head(key)).size == 0

    async def test_the_order_in_which_parts_are_told_does_not_matter(self, storage, upload):
        key, upload_id = await upload(b"one", b"two")
        one, two = await storage.list_parts(key, upload_id)
        await storage.complete_multipart(key, upload_id, [two, one])
        assert (await storage.head(key)).size == 6

    async def test_completing_again_leaves_the_object(self, storage, upload):
        key, upload_id = await upload(b"one")
        parts = await storage.list_parts(key, upload_id)
        await storage.complete_multipart(key, upload_id, parts)
        with suppress(MultipartNotFound):  # once S3 has forgotten the upload
            await storage.complete_multipart(key, upload_id, parts)
        assert await storage.head(key) is not None

    async def test_an_upload_nobody_began_cannot_be_completed(self, storage):
        with pytest.raises(MultipartNotFound):
            await storage.complete_multipart(new_key(), str(uuid4()), [Part(1, 3, "0" * 32)])

    async def test_wrong_parts_are_refused_and_the_upload_stays_open(self, storage, upload):
        key, upload_id = await upload(b"one", b"two")
        one, two = await storage.list_parts(key, upload_id)
        for wrong in ([one._replace(etag="0" * 32), two], [one._replace(part_number=9)]):
            with pytest.raises(PartsRefused):
                await storage.complete_multipart(key, upload_id, wrong)
        assert await storage.list_parts(key, upload_id) == [one, two]

    async def test_aborting_frees_the_parts_and_may_be_repeated(self, storage, upload):
        key, upload_id = await upload(b"one")
        await storage.abort_multipart(key, upload_id)
        await storage.abort_multipart(key, upload_id)
        with pytest.raises(MultipartNotFound):
            await storage.list_parts(key, upload_id)

    async def test_parts_beyond_the_first_thousand_are_listed(self, storage, upload):
        key, upload_id = await upload(*[b"x"] * 1001)
        parts = await storage.list_parts(key, upload_id)
        assert [part.part_number for part in parts] == list(range(1, 1002))
        await storage.abort_multipart(key, upload_id)


class TestCopy:
    async def test_keeps_bytes_and_type(self, storage, put):
        source, target = await put(new_key()), new_key()
        await storage.copy(source, target, etag=HELLO_MD5)
        head = await storage.head(target)
        assert (head.size, head.etag, head.content_type) == (5, HELLO_MD5, "text/plain")

    async def test_gives_it_a_checksum(self, storage, put):
        source, target = await put(new_key()), new_key()
        await storage.copy(source, target, etag=HELLO_MD5)
        head = await storage.head(target)
        assert head.checksum == Checksum(encoded(b"hello"), ChecksumType.FULL_OBJECT)

    async def test_takes_no_other_bytes_than_those_that_were_looked_at(self, storage, put):
        source, target = await put(new_key()), new_key()
        with pytest.raises(ObjectNotFound):
            await storage.copy(source, target, etag="0" * 32)
        assert await storage.head(target) is None

    async def test_of_nothing_is_told(self, storage):
        with pytest.raises(ObjectNotFound):
            await storage.copy(new_key(), new_key(), etag=HELLO_MD5)


class TestDelete:
    async def test_removes_what_is_there_and_minds_not_what_is_missing(self, storage, put):
        key = await put(new_key())
        assert await storage.delete([key, new_key()]) == []
        assert await storage.head(key) is None

    async def test_takes_more_keys_than_one_request_holds(self, storage, put):
        first, last = await put(new_key()), await put(new_key())
        keys = [first, *(new_key() for _ in range(1500)), last]
        assert await storage.delete(keys) == []
        assert await storage.head(first) is await storage.head(last) is None

    async def test_of_nothing_asks_nothing(self, storage):
        assert await storage.delete([]) == []

    async def test_never_touches_the_keys_of_another_owner(self, storage, put):
        mine, other = await put(new_key()), await put(f"other/{uuid4()}")
        with pytest.raises(ForeignKeys):
            await storage.delete([mine, other])
        with pytest.raises(ForeignKeys):
            await storage.delete([mine], prefix="other/")
        assert await storage.head(mine) is not None
        assert await storage.head(other) is not None
        assert await storage.delete([other], prefix="other/") == []
        assert await storage.head(other) is None


class TestListings:
    async def test_the_top_is_told_without_what_is_below(self, storage, put):
        for key in ("readme", "top-a/1", "top-a/2", "top-b/deep/3"):
            await put(key)
        names = [name async for name in storage.top()]
        assert {"readme", "top-a/", "top-b/"} <= set(names)
        assert len(names) == len(set(names))
        assert not any("/" in name[:-1] for name in names)

    async def test_objects_come_in_pages_by_key(self, storage, put):
        prefix = f"objects/list-{uuid4().hex}/"
        keys = sorted([await put(f"{prefix}{number:04}", b"x") for number in range(1002)])
        pages = [page async for page in storage.list_objects(prefix)]
        assert [len(page) for page in pages] == [1000, 2]
        assert [found.key for page in pages for found in page] == keys

    async def test_objects_can_be_listed_from_a_key_on(self, storage, put):
        prefix = f"objects/list-{uuid4().hex}/"
        for name in "abc":
            await put(prefix + name)
        [page] = [page async for page in storage.list_objects(prefix, start_after=f"{prefix}a")]
        assert [found.key[-1] for found in page] == ["b", "c"]
        assert (page[0].size, page[0].etag) == (5, HELLO_MD5)

    async def test_unfinished_uploads_are_found(self, storage, upload):
        key, upload_id = await upload(b"one", key=f"objects/open-{uuid4().hex}/a")
        pages = storage.list_multipart_uploads(key)
        [found] = [found async for page in pages for found in page]
        assert (found.key, found.upload_id) == (key, upload_id)
        await storage.abort_multipart(key, upload_id)


class TestBucket:
    async def test_is_reachable(self, storage):
        await storage.check()

    async def test_lets_a_browser_of_ours_upload_and_read_the_etag(self, client, presigner):
        signed = presigner.put(new_key(), size=1, content_type="a/b", expires=MINUTE)
        origin = {"Origin": "https://app.example.com"}
        asking = {
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type,if-none-match,x-amz-checksum-sha256",
        }
        response = await client.options(signed.url, headers=origin | asking)
        assert response.headers["access-control-allow-origin"] == "https://app.example.com"
        response = await client.put(signed.url, headers=origin | signed.headers, content=b"x")
        assert "ETag" in response.headers["access-control-expose-headers"]

    async def test_lets_no_other_page_upload(self, client, presigner):
        signed = presigner.put(new_key(), size=1, content_type="a/b", expires=MINUTE)
        asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
        response = await client.options(signed.url, headers=asking)
        assert "access-control-allow-origin" not in response.headers

    async def test_that_is_missing_is_unavailable_not_an_error(self, s3_settings):
        missing = s3_settings.model_copy(update={"bucket": "missing-bucket"})
        async with open_object_store(missing) as store:
            for call in (
                store.storage.check(),
                store.storage.create_multipart("k", content_type=""),
            ):
                with pytest.raises(DependencyUnavailable):
                    await call

    async def test_preparing_it_again_changes_nothing(self, storage, put):
        key = await put(new_key())
        await storage.ensure_bucket(["https://app.example.com"])
        assert await storage.head(key) is not None


async def test_many_calls_at_once_share_the_client(storage, put):
    keys = await asyncio.gather(*(put(new_key()) for _ in range(40)))
    heads = await asyncio.gather(*map(storage.head, keys))
    assert {head.size for head in heads} == {5}
