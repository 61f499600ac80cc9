"""Storing more than one pays for: by lying about sizes, by URLs kept, by copies."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import func, text, update

from backend.core.services import Services
from backend.core.settings import Settings
from backend.features.tree.jobs import delete_objects
from backend.kit.ids import uuid7
from backend.models import Space, Upload
from tests.conftest import serve
from tests.support.people import Person, Register
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    send_parts,
    upload_file,
    usage,
)

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


async def run_deletions(services: Services) -> int:
    """Run every job that deletes bytes, also one that waits for URLs to run out; says how many."""
    sql = "DELETE FROM pgqueuer WHERE entrypoint = 'objects.delete' RETURNING payload"
    async with services.database.transaction() as tx:
        payloads = (await tx.execute(text(sql))).scalars().all()
    for payload in payloads:
        await delete_objects(services, **orjson.loads(payload))
    return len(payloads)


async def time_to_next_deletion(services: Services) -> timedelta:
    sql = "SELECT min(execute_after) - now() FROM pgqueuer WHERE entrypoint = 'objects.delete'"
    wait: timedelta = (await services.database.autocommit.execute(text(sql))).scalar_one()
    return wait


async def grow_old(services: Services, upload: Json, age: timedelta) -> None:
    """As if it had begun so long ago: its time is shorter, and so its key, which carries it."""
    made = uuid7().int - (int(age.total_seconds() * 1000) << 80)
    older = update(Upload).where(Upload.id == UUID(upload["id"]))
    await services.database.autocommit.execute(
        older.values(
            created_at=func.now() - age,
            expires_at=Upload.expires_at - age,
            object_key=f"objects/20261121/{UUID(int=made)}",
        )
    )


async def set_quota(services: Services, person: Person, quota: int) -> None:
    async with services.database.transaction() as tx:
        await tx.execute(update(Space).where(Space.id == UUID(person.id)).values(quota_bytes=quota))


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

    @pytest.mark.parametrize("method", ["put", "post"])
    async def test_signed_late_in_a_long_upload_leave_no_bytes_behind(
        self, register: Register, services: Services, method: str
    ) -> None:
        limits = services.settings.upload
        ada = await register()
        begun = await begin(ada, HELLO, method=method)
        await grow_old(services, begun, limits.ttl - limits.url_ttl)
        upload = (await ada.http.get(f"/v1/uploads/{begun['id']}")).json()
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]
        await delete_for_good(ada, file)
        await run_deletions(services)

        assert (await send(upload["request"], HELLO)).is_success
        assert await time_to_next_deletion(services) > limits.url_ttl
        await run_deletions(services)

        assert await services.storage.head(key_of(upload)) is None

    async def test_delete_no_bytes_that_a_copy_still_holds(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]
        copy = (await ada.http.post(f"/v1/files/{file['id']}/copy")).json()
        await delete_for_good(ada, file)
        for _ in range(2):
            await run_deletions(services)
        assert await services.storage.head(key_of(upload)) is not None

        await delete_for_good(ada, copy)
        for _ in range(2):
            await run_deletions(services)
        assert await services.storage.head(key_of(upload)) is None

    async def test_are_followed_up_once(self, register: Register, services: Services) -> None:
        ada = await register()
        await delete_for_good(ada, await upload_file(ada, HELLO))

        rounds = [await run_deletions(services) for _ in range(3)]

        assert rounds == [1, 1, 0]

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

        for number, refusal in (
            (1, (409, "upload_incomplete")),
            (2, (422, "part_out_of_range")),
            (10_000, (422, "part_out_of_range")),
        ):
            given = {"parts": [{"part_number": number, "etag": etag}]}
            answer = await complete(ada, upload, **given)
            assert (answer.status_code, answer.json()["code"]) == refusal

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


class TestManyOpenUploads:
    """Empty ones cost no quota, only rows and the worker's time."""

    @pytest.fixture
    async def strict(self, settings: Settings) -> AsyncIterator[str]:
        """An API where one account may have three uploads open."""
        limits = settings.upload.model_copy(update={"max_open": 3})
        async with serve(settings.model_copy(update={"upload": limits})) as url:
            yield url

    @staticmethod
    async def begin_empty(person: Person, url: str, **fields: Any) -> httpx.Response:
        body = {"name": "empty.txt", "size": 0, **fields}
        return await person.http.post(f"{url}/v1/uploads", json=body)

    async def test_are_refused_until_one_has_ended(self, register: Register, strict: str) -> None:
        ada, bob = await register(), await register()
        begun = [await self.begin_empty(ada, strict) for _ in range(3)]

        refused = await self.begin_empty(ada, strict)

        assert [answer.status_code for answer in begun] == [201, 201, 201]
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_uploads")
        assert (await self.begin_empty(bob, strict)).status_code == 201
        await ada.http.delete(f"/v1/uploads/{begun[0].json()['id']}")
        assert (await self.begin_empty(ada, strict)).status_code == 201

    async def test_leave_nothing_behind_at_the_store(
        self, register: Register, strict: str, services: Services
    ) -> None:
        ada = await register()
        for _ in range(3):
            await self.begin_empty(ada, strict)
        pages = services.storage.list_multipart_uploads
        before = [one async for page in pages() for one in page]

        refused = await self.begin_empty(ada, strict, method="multipart")

        assert refused.status_code == 409
        assert [one async for page in pages() for one in page] == before
        assert len((await ada.http.get("/v1/uploads")).json()["items"]) == 3

    async def test_at_once_pass_by_no_more_than_run_at_once(
        self, register: Register, strict: str, settings: Settings
    ) -> None:
        ada = await register()

        await asyncio.gather(*(self.begin_empty(ada, strict) for _ in range(100)))

        opened = len((await ada.http.get("/v1/uploads")).json()["items"])
        database = settings.database
        assert 3 <= opened <= 3 + database.pool_size + database.max_overflow
        assert (await self.begin_empty(ada, strict)).status_code == 409


class TestDeletingAllDay:
    """A versioned bucket keeps what was deleted for weeks, and no quota counts it."""

    async def test_has_an_end_until_the_next_day(
        self, register: Register, services: Services
    ) -> None:
        ada, bob = await register(), await register()
        await set_quota(services, ada, len(HELLO))
        for _ in range(4):
            await delete_for_good(ada, await upload_file(ada, HELLO))

        body = {"name": "again.txt", "size": len(HELLO)}
        refused = await ada.http.post("/v1/uploads", json=body)

        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
        assert (await ada.http.post("/v1/uploads", json=body | {"size": 0})).status_code == 201
        assert (await bob.http.post("/v1/uploads", json=body)).status_code == 201
        yesterday = update(Space).values(freed_on=Space.freed_on - 1)
        await services.database.autocommit.execute(yesterday.where(Space.id == UUID(ada.id)))
        assert (await ada.http.post("/v1/uploads", json=body)).status_code == 201

    @pytest.mark.parametrize(
        ("method", "status"), [("put", 429), ("post", 429), ("multipart", 201)]
    )
    async def test_counts_aborted_uploads_whose_bytes_may_have_been_sent(
        self, register: Register, services: Services, method: str, status: int
    ) -> None:
        ada = await register()
        await set_quota(services, ada, len(HELLO))
        for _ in range(4):
            upload = await begin(ada, HELLO, method=method)
            await ada.http.delete(f"/v1/uploads/{upload['id']}")

        answer = await ada.http.post("/v1/uploads", json={"name": "a", "size": len(HELLO)})

        assert answer.status_code == status
