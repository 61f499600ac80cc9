import asyncio

from tests.support.people import Register
from tests.support.transfer import (
    begin,
    complete,
    send,
    sha256_base64,
    upload_file,
    usage,
)

HELLO = b"hello, world"


class TestPut:
    async def test_a_small_file_goes_up_with_one_request(self, register: Register) -> None:
        ada = await register()

        file = await upload_file(ada, HELLO, "Grüße.txt")

        assert file["name"] == "Grüße.txt"
        assert file["size"] == len(HELLO)
        assert file["content_type"] == "text/plain"
        assert file["version_count"] == 1
        assert file["role"] == "owner"

    async def test_an_empty_file_is_a_file(self, register: Register) -> None:
        ada = await register()

        assert (await upload_file(ada, b""))["size"] == 0

    async def test_the_checksum_that_s3_verified_is_shown(self, register: Register) -> None:
        ada = await register()

        file = await upload_file(ada, HELLO, checksum_sha256=sha256_base64(HELLO))

        assert file["checksum"] == {
            "algorithm": "sha256",
            "type": "full_object",
            "value": sha256_base64(HELLO),
        }

    async def test_s3_refuses_other_bytes_than_the_checksum_stands_for(
        self, register: Register
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, checksum_sha256=sha256_base64(HELLO))

        assert (await send(upload["request"], b"HELLO, WORLD")).status_code == 400
        assert (await complete(ada, upload)).json()["code"] == "upload_incomplete"

    async def test_s3_refuses_another_number_of_bytes(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        headers = upload["request"]["headers"] | {"Content-Length": "13"}

        sent = await send(upload["request"] | {"headers": headers}, HELLO + b"!")

        assert sent.status_code == 403

    async def test_a_second_put_finds_the_bytes_there(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)

        assert (await send(upload["request"], HELLO)).status_code == 200
        assert (await send(upload["request"], HELLO)).status_code == 412
        assert (await complete(ada, upload)).status_code == 200

    async def test_completing_before_the_bytes_arrived_leaves_it_pending(
        self, register: Register
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)

        early = await complete(ada, upload)
        await send(upload["request"], HELLO)
        late = await complete(ada, upload)

        assert (early.status_code, early.json()["code"]) == (409, "upload_incomplete")
        assert (late.status_code, late.json()["state"]) == (200, "completed")

    async def test_completing_again_gives_the_same_answer(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)

        first, second = await complete(ada, upload), await complete(ada, upload)

        assert first.json() == second.json()
        assert (await usage(ada))["used_bytes"] == len(HELLO)

    async def test_two_completes_at_once_make_one_file(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)

        answers = await asyncio.gather(*(complete(ada, upload) for _ in range(5)))

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["file"]["version_id"] for answer in answers}) == 1
        root = (await ada.http.get("/v1/folders/root")).json()
        children = (await ada.http.get(f"/v1/folders/{root['id']}/children")).json()
        assert len(children["items"]) == 1
        assert (await usage(ada))["used_bytes"] == len(HELLO)
