from tests.support.people import Register
from tests.support.transfer import (
    begin,
    complete,
    send,
    sha256_base64,
)
from tests.support.trees import listed, problem, root_of

HELLO = b"hello, world"
FORM = {"method": "post"}


class TestPost:
    async def test_a_browser_form_makes_a_file(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, **FORM)

        assert (await send(upload["request"], HELLO)).status_code == 201
        file = (await complete(ada, upload)).json()["file"]

        assert file["size"] == len(HELLO)

    async def test_the_form_takes_no_other_size(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, **FORM)

        assert (await send(upload["request"], HELLO + b"!")).status_code in {400, 403}
        assert (await complete(ada, upload)).json()["code"] == "upload_incomplete"

    async def test_the_checksum_that_s3_computed_is_shown(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, checksum_sha256=sha256_base64(HELLO), **FORM)

        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]

        assert file["checksum"] == {
            "algorithm": "sha256",
            "type": "full_object",
            "value": sha256_base64(HELLO),
        }

    async def test_other_bytes_than_the_checksum_stands_for_make_no_file(
        self, register: Register
    ) -> None:
        """S3 refuses them in the form; the embedded store takes them, and completion does not."""
        ada = await register()
        upload = await begin(ada, HELLO, checksum_sha256=sha256_base64(HELLO), **FORM)

        sent = await send(upload["request"], b"HELLO, WORLD")
        refused = await complete(ada, upload)

        arrived = sent.status_code == 201
        assert problem(refused) == (
            (422, "checksum_mismatch") if arrived else (409, "upload_incomplete")
        )
        state = (await ada.http.get(f"/v1/uploads/{upload['id']}")).json()["state"]
        assert state == ("failed" if arrived else "pending")
        assert await listed(ada, await root_of(ada)) == []

    async def test_posting_again_after_completion_changes_nothing(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, **FORM)
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]

        await send(upload["request"], b"HELLO, WORLD")

        url = (await ada.http.post(f"/v1/files/{file['id']}/download-url")).json()["url"]
        assert (await ada.http.get(url, headers={"Authorization": ""})).content == HELLO
