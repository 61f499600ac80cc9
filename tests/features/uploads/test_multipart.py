import asyncio
import os
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from backend.core.s3.objects import OpenUpload
from backend.core.services import Services
from backend.features.finalize.jobs import sweep
from backend.models import Space
from tests.features.uploads.test_ending import let_time_pass
from tests.support.people import Person, Register
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    send_parts,
    sha256_base64,
    usage,
)
from tests.support.trees import problem

MIB = 1024**2
CONTENT = os.urandom(33 * MIB + 7)
"""Three parts of 16 MiB, the last one short."""
LARGE = {"method": "multipart"}
HELLO = b"hello, world"
ZEROS = "A" * 43 + "="


class TestMultipart:
    async def test_the_server_plans_the_parts(self, register: Register) -> None:
        ada = await register()

        upload = await begin(ada, CONTENT, **LARGE)

        assert (upload["part_size"], upload["part_count"]) == (16 * MIB, 3)
        assert [part["size"] for part in upload["parts"]] == [16 * MIB, 16 * MIB, MIB + 7]

    async def test_all_parts_make_the_file(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)

        parts = await send_parts(upload, CONTENT)
        answer = await complete(ada, upload, parts=parts)

        assert answer.status_code == 200, answer.text
        assert answer.json()["file"]["size"] == len(CONTENT)
        assert (await usage(ada))["used_bytes"] == len(CONTENT)

    async def test_parts_may_be_named_in_any_order(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)
        parts = await send_parts(upload, CONTENT)

        answer = await complete(ada, upload, parts=parts[::-1])

        assert answer.status_code == 200, answer.text
        assert answer.json()["file"]["size"] == len(CONTENT)

    @pytest.mark.parametrize(("number", "code"), [(1, "invalid_request"), (4, "part_out_of_range")])
    async def test_a_part_named_twice_or_never_planned_is_refused_and_the_upload_goes_on(
        self, register: Register, number: int, code: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)
        parts = await send_parts(upload, CONTENT)
        extra = parts[0] | {"part_number": number}

        assert problem(await complete(ada, upload, parts=[*parts, extra])) == (422, code)
        assert (await complete(ada, upload, parts=parts)).status_code == 200

    async def test_another_device_resumes_where_the_first_one_stopped(
        self, register: Register
    ) -> None:
        ada = await register()
        begun = await begin(ada, CONTENT, **LARGE)
        await send_parts(begun, CONTENT, begun["parts"][1:2])

        seen = (await ada.http.get(f"/v1/uploads/{begun['id']}")).json()
        await send_parts(seen, CONTENT, seen["parts"])
        answer = await complete(ada, begun)

        assert [part["part_number"] for part in seen["uploaded_parts"]] == [2]
        assert [part["part_number"] for part in seen["parts"]] == [1, 3]
        assert answer.json()["state"] == "completed"

    async def test_a_missing_part_is_named_and_nothing_is_lost(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)
        parts = await send_parts(upload, CONTENT, upload["parts"][:2])

        for body in ({}, {"parts": parts}):
            early = await complete(ada, upload, **body)
            assert (early.status_code, early.json()["code"]) == (409, "upload_incomplete")
            assert "part" in early.json()["detail"]
        await send_parts(upload, CONTENT, upload["parts"][2:])
        assert (await complete(ada, upload)).status_code == 200

    async def test_a_wrong_etag_is_refused_and_the_upload_goes_on(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)
        parts = await send_parts(upload, CONTENT)
        wrong = [parts[0] | {"etag": "0" * 32}, *parts[1:]]

        assert (await complete(ada, upload, parts=wrong)).json()["code"] == "upload_incomplete"
        assert (await complete(ada, upload, parts=parts)).status_code == 200

    async def test_a_part_cannot_be_longer_than_planned(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)
        last = upload["parts"][2]
        headers = last["headers"] | {"Content-Length": str(last["size"] + 1)}

        sent = await send(last | {"headers": headers}, b"x" * (last["size"] + 1))

        assert sent.status_code == 403

    async def test_an_empty_file_may_go_up_in_parts(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, b"", **LARGE)
        await send_parts(upload, b"")

        assert (await complete(ada, upload)).json()["file"]["size"] == 0


class TestLostAtTheStore:
    """The embedded store forgets parts when it is killed; anybody may abort them at the bucket."""

    async def test_an_upload_that_is_looked_at_starts_over(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await lost(ada, services)

        seen = (await ada.http.get(f"/v1/uploads/{upload['id']}")).json()
        await send_parts(seen, HELLO)

        assert (seen["state"], seen["uploaded_parts"]) == ("pending", [])
        assert (await complete(ada, upload)).json()["file"]["size"] == len(HELLO)
        assert (await usage(ada))["reserved_bytes"] == 0

    async def test_completing_says_that_the_parts_are_to_be_sent_again(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await lost(ada, services)
        url = f"/v1/uploads/{upload['id']}/parts"

        refused = await complete(ada, upload)
        signed = (await ada.http.post(url, json={"part_numbers": [1]})).json()
        await send_parts(upload, HELLO, signed["parts"])

        assert problem(refused) == (409, "upload_incomplete")
        assert "again" in refused.json()["detail"]
        assert (await complete(ada, upload)).json()["file"]["size"] == len(HELLO)

    async def test_checksums_may_still_be_chosen(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await lost(ada, services)
        url = f"/v1/uploads/{upload['id']}/parts"
        body = {"part_numbers": [1], "checksums_sha256": {"1": sha256_base64(HELLO)}}

        signed = (await ada.http.post(url, json=body)).raise_for_status().json()
        await send_parts(upload, HELLO, signed["parts"])

        assert (await complete(ada, upload)).json()["file"]["checksum"]["type"] == "composite"

    async def test_checksums_stay_chosen(self, register: Register, services: Services) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, **LARGE)
        url = f"/v1/uploads/{upload['id']}/parts"
        body = {"part_numbers": [1], "checksums_sha256": {"1": sha256_base64(HELLO)}}
        signed = (await ada.http.post(url, json=body)).json()
        await lose(services, signed["parts"][0])

        await ada.http.get(f"/v1/uploads/{upload['id']}")
        signed = (await ada.http.post(url, json=body)).json()
        await send_parts(upload, HELLO, signed["parts"])

        assert (await complete(ada, upload)).json()["file"]["checksum"]["type"] == "composite"

    async def test_many_looks_at_once_agree(self, register: Register, services: Services) -> None:
        ada = await register()
        upload = await lost(ada, services)
        url = f"/v1/uploads/{upload['id']}"

        looks = await asyncio.gather(*(ada.http.get(url) for _ in range(5)))
        targets = {upload_at_s3(look.json()["parts"][0]) for look in looks}

        assert len(targets) == 1
        assert [open_.upload_id for open_ in await open_at_s3(services, upload)] == [*targets]

    async def test_one_whose_time_is_over_is_not_opened_again(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await lost(ada, services)

        await let_time_pass(services, upload, expired=True)
        await ada.http.get(f"/v1/uploads/{upload['id']}")
        await complete(ada, upload)
        await sweep(services)

        assert await open_at_s3(services, upload) == []
        assert (await usage(ada))["reserved_bytes"] == 0


async def lost(person: Person, services: Services) -> Json:
    """An upload whose one part was sent, and which S3 then forgot."""
    upload = await begin(person, HELLO, **LARGE)
    await send_parts(upload, HELLO)
    await lose(services, upload["parts"][0])
    return upload


async def lose(services: Services, part: Json) -> None:
    await services.storage.abort_multipart(key_of(part), upload_at_s3(part))


async def open_at_s3(services: Services, upload: Json) -> list[OpenUpload]:
    key = key_of(upload["parts"][0])
    return [one async for page in services.storage.list_multipart_uploads(key) for one in page]


def key_of(part: Json) -> str:
    return "objects/" + httpx.URL(part["url"]).path.partition("/objects/")[2]


def upload_at_s3(part: Json) -> str:
    return httpx.URL(part["url"]).params["uploadId"]


class TestSigningParts:
    async def test_ten_thousand_parts_in_one_call(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        size = 50 * 1000**4
        await services.database.autocommit.execute(
            update(Space).where(Space.id == UUID(ada.id)).values(quota_bytes=size)
        )
        body = {"name": "film.mkv", "size": size, "method": "multipart"}
        upload = (await ada.http.post("/v1/uploads", json=body)).raise_for_status().json()
        url = f"/v1/uploads/{upload['id']}/parts"

        signed = await ada.http.post(url, json={"first": 1, "last": upload["part_count"]})

        assert signed.status_code == 200
        assert len(signed.json()["parts"]) == upload["part_count"] > 9_000
        assert sum(part["size"] for part in signed.json()["parts"]) == size

    async def test_a_part_with_a_checksum_holds_exactly_those_bytes(
        self, register: Register
    ) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)
        pieces = [CONTENT[n * 16 * MIB : (n + 1) * 16 * MIB] for n in range(3)]
        checksums = {str(n + 1): sha256_base64(piece) for n, piece in enumerate(pieces)}
        body = {"first": 1, "last": 3, "checksums_sha256": checksums}
        signed = (await ada.http.post(f"/v1/uploads/{upload['id']}/parts", json=body)).json()

        forged = await send(signed["parts"][2], b"y" * signed["parts"][2]["size"])
        await send_parts(upload, CONTENT, signed["parts"])
        file = (await complete(ada, upload)).json()["file"]

        assert forged.status_code == 400
        assert file["checksum"]["type"] == "composite"
        assert file["checksum"]["value"].endswith("-3")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"part_numbers": [4]}, "part_out_of_range"),
            ({"part_numbers": [0]}, "invalid_request"),
            ({"part_numbers": []}, "invalid_request"),
            ({"first": 2, "last": 1}, "invalid_request"),
            ({"first": 1}, "invalid_request"),
            ({}, "invalid_request"),
            ({"part_numbers": [10_001]}, "invalid_request"),
            ({"part_numbers": [1], "checksums_sha256": {"1": "AAAA"}}, "invalid_checksum"),
            (
                {"part_numbers": [1, 2], "checksums_sha256": {"1": "A" * 43 + "="}},
                "checksums_required",
            ),
        ],
    )
    async def test_what_makes_no_sense_is_refused(
        self, register: Register, body: dict[str, object], code: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, CONTENT, **LARGE)

        answer = await ada.http.post(f"/v1/uploads/{upload['id']}/parts", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_a_single_put_has_no_parts(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, b"hello")

        answer = await ada.http.post(
            f"/v1/uploads/{upload['id']}/parts", json={"part_numbers": [1]}
        )

        assert (answer.status_code, answer.json()["code"]) == (409, "upload_not_pending")
