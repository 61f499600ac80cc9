from tests.people import Register
from tests.transfer import begin, complete, send, sha256_base64

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

    async def test_no_checksum_is_claimed_that_s3_has_not_verified(
        self, register: Register
    ) -> None:
        """S3 checks a form's checksum; the embedded store does not, and gives none back."""
        ada = await register()
        upload = await begin(ada, HELLO, checksum_sha256=sha256_base64(HELLO), **FORM)

        sent = await send(upload["request"], b"HELLO, WORLD")

        completed = (await complete(ada, upload)).json()
        assert sent.status_code == 400 or completed["file"]["checksum"] is None

    async def test_posting_again_after_completion_changes_nothing(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, **FORM)
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]

        await send(upload["request"], b"HELLO, WORLD")

        url = (await ada.http.post(f"/v1/files/{file['id']}/download-url")).json()["url"]
        assert (await ada.http.get(url, headers={"Authorization": ""})).content == HELLO
