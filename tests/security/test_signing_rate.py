"""Having signatures made without end: an account gets so many, and the next is not held back."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from backend.core.settings import Settings
from tests.conftest import serve
from tests.support.people import Person, Register, plain_client
from tests.support.transfer import Json, begin
from tests.support.trees import PutFile


@pytest.fixture
async def frugal(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An API that signs ten requests a minute for each account."""
    changed = settings.model_copy(update={"signing_rate": "10/minute"})
    async with serve(changed) as url, plain_client(base_url=url) as client:
        yield client


async def ask(client: httpx.AsyncClient, person: Person, path: str, body: Any) -> httpx.Response:
    headers = {"Authorization": person.http.headers["Authorization"]}
    return await client.post(path, json=body, headers=headers)


class TestSigning:
    async def test_is_limited_by_account(
        self, frugal: httpx.AsyncClient, register: Register, put_file: PutFile
    ) -> None:
        ada, bob = await register(), await register()
        files: dict[str, Json] = {person.id: await put_file(person) for person in (ada, bob)}

        async def download(person: Person) -> httpx.Response:
            url = f"/v1/files/{files[person.id]['id']}/download-url"
            return await ask(frugal, person, url, {})

        statuses = [(await download(ada)).status_code for _ in range(11)]
        refused = await download(ada)

        assert statuses == [200] * 10 + [429]
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["code"] == "rate_limited"
        assert (await download(bob)).status_code == 200

    async def test_of_many_urls_at_once_counts_more(
        self, frugal: httpx.AsyncClient, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        batch = {"file_ids": [(await put_file(ada))["id"]] * 500}

        answers = [await ask(frugal, ada, "/v1/download-urls", batch) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 429]

    async def test_of_many_parts_at_once_counts_more(
        self, frugal: httpx.AsyncClient, register: Register
    ) -> None:
        ada = await register()
        upload = await begin(ada, b"", method="multipart")
        url = f"/v1/uploads/{upload['id']}/parts"
        thousand = {"part_numbers": list(range(1, 1001))}

        answers = [await ask(frugal, ada, url, thousand) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [422, 429]

    async def test_of_the_first_parts_counts_each_of_them(
        self, frugal: httpx.AsyncClient, register: Register
    ) -> None:
        ada = await register()
        hundred = {"name": "film.mov", "size": 100 * 16 * 1024**2, "method": "multipart"}

        answers = [await ask(frugal, ada, "/v1/uploads", hundred) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [201, 429, 429]
        assert len(answers[0].json()["parts"]) == 100

    async def test_of_an_upload_looked_up_counts_all_its_urls(
        self, frugal: httpx.AsyncClient, register: Register
    ) -> None:
        ada = await register()
        hundred = {"name": "film.mov", "size": 100 * 16 * 1024**2, "method": "multipart"}
        begun = (await ada.http.post("/v1/uploads", json=hundred)).json()
        headers = {"Authorization": ada.http.headers["Authorization"]}

        answers = [
            await frugal.get(f"/v1/uploads/{begun['id']}", headers=headers) for _ in range(3)
        ]

        assert [answer.status_code for answer in answers] == [200, 429, 429]

    async def test_of_a_list_of_uploads_counts_what_it_signs(
        self, frugal: httpx.AsyncClient, register: Register
    ) -> None:
        ada = await register()
        for _ in range(20):
            await begin(ada, b"")
        headers = {"Authorization": ada.http.headers["Authorization"]}

        answers = [await frugal.get("/v1/uploads", headers=headers) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [200] * 5 + [429]

    async def test_a_call_larger_than_the_limit_takes_all_of_it(
        self, frugal: httpx.AsyncClient, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        batch = {"file_ids": [(await put_file(ada))["id"]] * 1000}

        answers = [await ask(frugal, ada, "/v1/download-urls", batch) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 429]
