import asyncio
from typing import Any

import pytest

from tests.support.people import Register
from tests.support.transfer import begin, upload_file, usage

HELLO = b"hello, world"
GIB = 1024**3


async def refused(register: Register, **fields: Any) -> tuple[int, str]:
    """What a new person is told about an upload that is `fields`."""
    ada = await register()
    body = {"name": "notes.txt", "size": 12, **fields}
    answer = await ada.http.post("/v1/uploads", json=body)
    assert (await usage(ada))["reserved_bytes"] == 0
    return answer.status_code, answer.json()["code"]


class TestBegin:
    async def test_reserves_the_bytes(self, register: Register) -> None:
        ada = await register()

        await begin(ada, HELLO)

        now = await usage(ada)
        assert (now["reserved_bytes"], now["used_bytes"]) == (len(HELLO), 0)
        assert now["available_bytes"] == now["quota_bytes"] - len(HELLO)

    @pytest.mark.parametrize(
        "name", ["", "  ", ".", "..", "a/b", "a\\b", "a\x00b", "a\nb", "x" * 256, "\u202egpj.exe"]
    )
    async def test_a_name_that_cannot_be_is_refused(self, register: Register, name: str) -> None:
        assert await refused(register, name=name) == (422, "invalid_name")

    @pytest.mark.parametrize("size", [-1, 1.5, "12", None, True])
    async def test_a_size_that_is_no_size_is_refused(self, register: Register, size: Any) -> None:
        assert await refused(register, size=size) == (422, "invalid_request")

    @pytest.mark.parametrize(
        ("method", "size"),
        [("auto", 50 * 1000**4 + 1), ("auto", 10**30), ("put", 5 * GIB + 1), ("post", GIB)],
    )
    async def test_more_than_the_method_carries_is_refused(
        self, register: Register, method: str, size: int
    ) -> None:
        assert await refused(register, method=method, size=size) == (413, "file_too_large")

    @pytest.mark.parametrize("content_type", ["text", "a/b/c", "text/plain\r\nX: y", "t" * 300, ""])
    async def test_what_is_no_content_type_is_refused(
        self, register: Register, content_type: str
    ) -> None:
        fields = {"content_type": content_type}
        # An empty one counts as not given.
        if content_type:
            assert await refused(register, **fields) == (415, "content_type_not_allowed")

    @pytest.mark.parametrize("checksum", ["", "AAAA", "not base64!", "A" * 44])
    async def test_what_is_no_checksum_is_refused(self, register: Register, checksum: str) -> None:
        assert await refused(register, checksum_sha256=checksum) == (422, "invalid_checksum")

    async def test_a_whole_checksum_is_refused_for_parts(self, register: Register) -> None:
        fields = {"checksum_sha256": "A" * 43 + "=", "method": "multipart"}
        assert await refused(register, **fields) == (422, "checksum_not_possible")

    async def test_an_unknown_folder_is_not_found(self, register: Register) -> None:
        folder = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"
        assert await refused(register, folder_id=folder) == (404, "not_found")

    async def test_nobody_uploads_into_somebody_elses_folder(self, register: Register) -> None:
        ada, eve = await register(), await register()
        folder = (await ada.http.get("/v1/folders/root")).json()["id"]
        body = {"name": "x", "size": 1, "folder_id": folder}

        assert (await eve.http.post("/v1/uploads", json=body)).status_code == 404

    async def test_one_is_not_shown_to_others(self, register: Register) -> None:
        ada, eve = await register(), await register()
        url = f"/v1/uploads/{(await begin(ada, HELLO))['id']}"

        assert (await eve.http.get(url)).status_code == 404
        assert (await eve.http.post(f"{url}/complete")).status_code == 404
        assert (await eve.http.post(f"{url}/parts", json={"part_numbers": [1]})).status_code == 404
        assert (await eve.http.delete(url)).status_code == 404


class TestQuota:
    async def test_more_than_is_left_is_refused(self, register: Register) -> None:
        ada = await register()
        left = (await usage(ada))["available_bytes"]
        body = {"name": "x", "size": left + 1}

        answer = await ada.http.post("/v1/uploads", json=body)

        assert (answer.status_code, answer.json()["code"]) == (409, "quota_exceeded")

    async def test_the_last_bytes_go_to_one_of_many(self, register: Register) -> None:
        ada = await register()
        left = (await usage(ada))["available_bytes"]
        body = {"name": "x", "size": left // 2 + 1}

        answers = await asyncio.gather(
            *(ada.http.post("/v1/uploads", json=body) for _ in range(10))
        )

        codes = sorted(answer.status_code for answer in answers)
        assert codes == [201] + [409] * 9
        assert (await usage(ada))["reserved_bytes"] == left // 2 + 1


class TestOnConflict:
    async def test_rename_is_what_happens_by_default(self, register: Register) -> None:
        ada = await register()

        await upload_file(ada, HELLO, "Report.pdf")
        second = await upload_file(ada, HELLO, "report.pdf")

        assert second["name"] == "report (1).pdf"

    async def test_new_version_keeps_the_file(self, register: Register) -> None:
        ada = await register()

        first = await upload_file(ada, HELLO, "report.pdf")
        second = await upload_file(ada, b"more", "REPORT.pdf", on_conflict="new_version")

        assert second["id"] == first["id"]
        assert (second["version_count"], second["size"]) == (2, 4)
        assert (await usage(ada))["used_bytes"] == len(HELLO) + 4

    async def test_fail_refuses_at_once(self, register: Register) -> None:
        ada = await register()
        await upload_file(ada, HELLO, "report.pdf")
        body = {"name": "REPORT.PDF", "size": 3, "on_conflict": "fail"}

        answer = await ada.http.post("/v1/uploads", json=body)

        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")

    async def test_a_version_is_uploaded_for_a_file(self, register: Register) -> None:
        ada = await register()
        file = await upload_file(ada, HELLO, "report.pdf")

        changed = await upload_file(ada, b"more", "other name", file_id=file["id"])

        assert (changed["id"], changed["name"]) == (file["id"], "report.pdf")


class TestIdempotency:
    async def test_the_same_key_begins_one_upload(self, register: Register) -> None:
        ada = await register()
        body = {"name": "notes.txt", "size": 12}
        headers = {"Idempotency-Key": "once"}

        first = await ada.http.post("/v1/uploads", json=body, headers=headers)
        again = await ada.http.post("/v1/uploads", json=body, headers=headers)
        other = await ada.http.post("/v1/uploads", json=body | {"size": 13}, headers=headers)

        assert first.status_code == again.status_code == 201
        assert first.json()["id"] == again.json()["id"]
        assert first.headers["Location"] == again.headers["Location"]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert (await usage(ada))["reserved_bytes"] == 12

    async def test_a_refused_request_may_be_repeated(self, register: Register) -> None:
        ada = await register()
        headers = {"Idempotency-Key": "again"}
        body = {"name": "a/b", "size": 12}

        assert (await ada.http.post("/v1/uploads", json=body, headers=headers)).status_code == 422
        body["name"] = "ab"
        assert (await ada.http.post("/v1/uploads", json=body, headers=headers)).status_code == 201
