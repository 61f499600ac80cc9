"""Storing more than one pays for: by lying about sizes, by URLs kept, by copies."""

import asyncio

import httpx
import orjson
import pytest
from sqlalchemy import text

from backend.core.services import Services
from backend.features.files.jobs import delete_objects
from tests.people import Person, Register
from tests.transfer import Json, begin, complete, send, send_parts, upload_file, usage

HELLO = b"hello, world"


def key_of(upload: Json) -> str:
    """The object that an upload's request writes."""
    request = upload["request"]
    if "fields" in request:
        return str(request["fields"]["key"])
    return "objects/" + httpx.URL(request["url"]).path.partition("/objects/")[2]


async def delete_for_good(person: Person, file: Json) -> None:
    assert (await person.http.delete(f"/v1/files/{file['id']}")).status_code == 204
    assert (await person.http.delete(f"/v1/trash/{file['id']}")).status_code == 204


async def run_deletions(services: Services) -> None:
    """Run every job that deletes bytes, also one that waits for URLs to run out."""
    sql = "DELETE FROM pgqueuer WHERE entrypoint = 'objects.delete' RETURNING payload"
    async with services.database.transaction() as tx:
        payloads = (await tx.execute(text(sql))).scalars().all()
    for payload in payloads:
        await delete_objects(services, **orjson.loads(payload))


async def set_quota(services: Services, person: Person, quota: int) -> None:
    async with services.database.transaction() as tx:
        statement = text("UPDATE users SET quota_bytes = :quota WHERE email = :email")
        await tx.execute(statement, {"quota": quota, "email": person.email})


class TestKeptUrls:
    @pytest.mark.parametrize("method", ["put", "post"])
    async def test_leave_no_bytes_behind_a_deleted_file(
        self, register: Register, services: Services, method: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method=method)
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]
        await delete_for_good(ada, file)
        await run_deletions(services)

        await send(upload["request"], HELLO)
        await run_deletions(services)

        assert await services.storage.head(key_of(upload)) is None
        assert (await usage(ada))["used_bytes"] == 0

    async def test_do_not_change_a_finished_file(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)
        await complete(ada, upload)

        assert (await send(upload["request"], b"HELLO, WORLD")).status_code == 412

    async def test_of_another_person_are_of_no_use_to_name_a_file(self, register: Register) -> None:
        ada, eve = await register(), await register()
        hers, mine = await begin(ada, HELLO), await begin(eve, HELLO)
        await send(hers["request"], HELLO)

        assert (await complete(eve, mine)).json()["code"] == "upload_incomplete"
        assert (await complete(eve, hers)).status_code == 404


class TestLies:
    @pytest.mark.parametrize("method", ["put", "post", "multipart"])
    async def test_about_the_size_are_refused_by_the_store(
        self, register: Register, method: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, b"tiny", method=method)
        request, lie = upload["request"] or upload["parts"][0], b"not tiny at all"
        if "headers" in request:
            request["headers"]["Content-Length"] = str(len(lie))

        sent = await send(request, lie)

        assert sent.status_code in {400, 403}
        assert (await complete(ada, upload)).json()["code"] == "upload_incomplete"
        assert (await usage(ada))["used_bytes"] == 0

    async def test_about_parts_make_no_file(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method="multipart")
        await send_parts(upload, HELLO)
        etag = '"<x>&\x00"'

        unknown = (422, "part_out_of_range")
        for number, told in {1: (409, "upload_incomplete"), 2: unknown, 10_000: unknown}.items():
            given = {"parts": [{"part_number": number, "etag": etag}]}
            answer = await complete(ada, upload, **given)
            assert (answer.status_code, answer.json()["code"]) == told

    async def test_about_thousands_of_parts_cost_no_more_than_an_answer(
        self, register: Register
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method="multipart")
        parts = [{"part_number": number, "etag": "x"} for number in range(1, 10_001)]
        numbers = list(range(1, 10_001))

        completed = await complete(ada, upload, parts=parts)
        signed = await ada.http.post(
            f"/v1/uploads/{upload['id']}/parts", json={"part_numbers": numbers}
        )

        assert completed.json()["code"] == "part_out_of_range"
        assert signed.json()["code"] == "part_out_of_range"


class TestRaces:
    async def test_beginning_many_uploads_at_once_never_passes_the_quota(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        await set_quota(services, ada, 10)
        wish = {"name": "x", "size": 4}

        answers = await asyncio.gather(
            *(ada.http.post("/v1/uploads", json=wish) for _ in range(12))
        )

        assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 10

    async def test_copying_in_a_loop_never_passes_the_quota(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        file = await upload_file(ada, HELLO)
        await set_quota(services, ada, 5 * len(HELLO))

        answers = await asyncio.gather(
            *(ada.http.post(f"/v1/files/{file['id']}/copy") for _ in range(10))
        )

        assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 6
        assert (await usage(ada))["used_bytes"] == 5 * len(HELLO)

    async def test_aborting_while_completing_settles_once(self, register: Register) -> None:
        ada = await register()
        for _ in range(8):
            upload = await begin(ada, HELLO)
            await send(upload["request"], HELLO)
            url = f"/v1/uploads/{upload['id']}"
            await asyncio.gather(complete(ada, upload), ada.http.delete(url), complete(ada, upload))

        after = await usage(ada)
        assert after["reserved_bytes"] == 0
        assert after["used_bytes"] == after["file_count"] * len(HELLO)
