"""`Idempotency-Key` turned against us: to fill the database, to keep URLs, to block a stranger."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from backend.core.services import Services
from backend.core.settings import Settings
from backend.models import IdempotencyKey
from tests.conftest import serve
from tests.support.people import PASSWORD, Person, Register, new_email, plain_client
from tests.support.sharing import code
from tests.support.transfer import complete, send, send_parts

Json = dict[str, Any]
HELLO = b"hello, world"
MIB = 2**20
HUNDRED_PARTS = {"name": "film.mkv", "size": 1_600 * MIB, "method": "multipart"}


async def stored_bytes(services: Services) -> int:
    """What all stored answers take."""
    query = select(func.coalesce(func.sum(func.length(IdempotencyKey.response)), 0))
    return int((await services.database.autocommit.execute(query)).scalar_one())


async def begin_as(person: Person, key: str, body: Json) -> httpx.Response:
    return await person.http.post("/v1/uploads", json=body, headers={"Idempotency-Key": key})


class TestFillingTheDatabase:
    async def test_with_uploads_begun_and_aborted_stores_next_to_nothing(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        before = await stored_bytes(services)

        for _ in range(5):
            upload = (await begin_as(ada, uuid4().hex, HUNDRED_PARTS)).json()
            assert len(upload["parts"]) == 100
            await ada.http.delete(f"/v1/uploads/{upload['id']}")

        assert await stored_bytes(services) - before < 5_000

    async def test_ends_at_a_number_of_answers_for_each_account(
        self, register: Register, three_a_day: httpx.AsyncClient
    ) -> None:
        ada, bob = await register(), await register()

        async def make_folder(person: Person, name: str, **headers: str) -> httpx.Response:
            headers["Authorization"] = person.http.headers["Authorization"]
            return await three_a_day.post("/v1/folders", json={"name": name}, headers=headers)

        made = [
            await make_folder(ada, name, **{"Idempotency-Key": name}) for name in ("a", "b", "c")
        ]
        refused = await make_folder(ada, "d", **{"Idempotency-Key": "d"})
        again = await make_folder(ada, "a", **{"Idempotency-Key": "a"})

        assert {answer.status_code for answer in made} == {201}
        assert code(refused) == "429 rate_limited"
        assert int(refused.headers["Retry-After"]) > 0
        assert again.json() == made[0].json()
        assert (await make_folder(ada, "d")).status_code == 201
        assert (await make_folder(bob, "d", **{"Idempotency-Key": "d"})).status_code == 201


class TestKeepingUrls:
    async def test_a_repetition_is_signed_anew(self, register: Register) -> None:
        ada = await register()
        wish = {"name": "notes.txt", "size": len(HELLO)}

        first = await begin_as(ada, "once", wish)
        again = await begin_as(ada, "once", wish)

        assert again.status_code == 201
        assert (await send(again.json()["request"], HELLO)).status_code == 200
        assert (await complete(ada, first.json())).json()["state"] == "completed"

    async def test_a_repetition_asks_for_the_parts_that_are_missing(
        self, register: Register
    ) -> None:
        ada = await register()
        first = (await begin_as(ada, "parts", HUNDRED_PARTS)).json()
        await send_parts(first, b"x" * first["part_size"], first["parts"][:1])

        again = (await begin_as(ada, "parts", HUNDRED_PARTS)).json()

        assert [part["part_number"] for part in again["uploaded_parts"]] == [1]
        assert again["parts"][0]["part_number"] == 2

    async def test_after_aborting_nothing_is_signed(self, register: Register) -> None:
        ada = await register()
        first = (await begin_as(ada, "aborted", HUNDRED_PARTS)).json()
        await ada.http.delete(f"/v1/uploads/{first['id']}")

        again = await begin_as(ada, "aborted", HUNDRED_PARTS)

        assert (again.status_code, again.json()["state"]) == (201, "aborted")
        assert "X-Amz-Signature" not in again.text

    async def test_after_completing_the_file_is_told(self, register: Register) -> None:
        ada = await register()
        wish = {"name": "notes.txt", "size": len(HELLO)}
        first = (await begin_as(ada, "completed", wish)).json()
        await send(first["request"], HELLO)
        file = (await complete(ada, first)).json()["file"]

        again = await begin_as(ada, "completed", wish)

        assert again.json()["file"]["id"] == file["id"]
        assert "X-Amz-Signature" not in again.text


class TestBlockingAStranger:
    async def test_without_a_credential_keys_are_ones_own(self, http: httpx.AsyncClient) -> None:
        """Two people register with the same key: neither learns of the other."""
        key = {"Idempotency-Key": uuid4().hex}
        wishes = [{"email": new_email(), "password": PASSWORD} for _ in range(2)]

        answers = [await http.post("/v1/auth/register", json=wish, headers=key) for wish in wishes]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert [answer.json()["email"] for answer in answers] == [it["email"] for it in wishes]

    async def test_a_stranger_with_the_key_gets_no_stored_answer(
        self, http: httpx.AsyncClient
    ) -> None:
        key, wish = {"Idempotency-Key": uuid4().hex}, {"email": new_email(), "password": PASSWORD}
        hers = await http.post("/v1/auth/register", json=wish, headers=key)

        guessed = wish | {"password": "eight grey herons"}
        mine = await http.post("/v1/auth/register", json=guessed, headers=key)
        again = await http.post("/v1/auth/register", json=wish, headers=key)

        assert "Idempotency-Replayed" not in mine.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json() == hers.json()


@pytest.fixture
async def three_a_day(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An API that stores three answers a day for each account."""
    changed = settings.model_copy(update={"idempotency_rate": "3/day"})
    async with serve(changed) as url, plain_client(base_url=url) as client:
        yield client
