from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from backend.core.jobs.queue import enqueue
from backend.core.services import Services
from backend.features.finalize.jobs import discard, sweep
from backend.models import Upload
from tests.support.jobs import run_jobs
from tests.support.people import Person, Register
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    send_parts,
    usage,
)
from tests.support.trees import problem

HELLO = b"hello, world"
FIRST = {"part_numbers": [1]}


async def look(person: Person, upload: Json) -> Json:
    answer: Json = (await person.http.get(f"/v1/uploads/{upload['id']}")).json()
    return answer


async def let_time_pass(services: Services, upload: Json, *, expired: bool = False) -> None:
    """As if the worker's next look at `upload` were due, or its time were over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    values = {"heal_at": past} | ({"expires_at": past} if expired else {})
    await services.database.autocommit.execute(
        update(Upload).where(Upload.id == UUID(upload["id"])).values(values)
    )


class TestAbort:
    async def test_frees_the_reservation_and_discards_the_bytes(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)

        first = await ada.http.delete(f"/v1/uploads/{upload['id']}")
        again = await ada.http.delete(f"/v1/uploads/{upload['id']}")
        await discard(services, upload["id"])

        assert (first.status_code, again.status_code) == (204, 204)
        assert (await usage(ada))["reserved_bytes"] == 0
        assert (await complete(ada, upload)).json()["code"] == "upload_not_pending"
        assert (await look(ada, upload))["state"] == "aborted"
        key = httpx.URL(upload["request"]["url"]).path.partition("/objects/")[2]
        assert await services.storage.head(f"objects/{key}") is None

    async def test_a_completed_upload_cannot_be_aborted(self, register: Register) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)
        await complete(ada, upload)

        answer = await ada.http.delete(f"/v1/uploads/{upload['id']}")

        assert (answer.status_code, answer.json()["code"]) == (409, "upload_not_pending")
        assert (await usage(ada))["used_bytes"] == len(HELLO)


class TestDiscardingMany:
    @pytest.mark.parametrize("name", ["uploads.discard_many", "auth.discard_uploads"])
    async def test_works_under_the_name_of_the_previous_version_too(
        self, register: Register, services: Services, name: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await ada.http.delete(f"/v1/uploads/{upload['id']}")
        await run_jobs(services)
        await send(upload["request"], HELLO)
        key = httpx.URL(upload["request"]["url"]).path.partition("/objects/")[2]
        assert await services.storage.head(f"objects/{key}") is not None

        async with services.database.transaction() as tx:
            await enqueue(tx, name, {"upload_ids": [upload["id"]]})
        await run_jobs(services)

        assert await services.storage.head(f"objects/{key}") is None


class TestHealing:
    async def test_bytes_that_arrived_become_a_file_without_the_client(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)

        await let_time_pass(services, upload)
        await sweep(services)

        healed = await look(ada, upload)
        assert healed["state"] == "completed"
        assert healed["file"]["size"] == len(HELLO)

    async def test_all_parts_become_a_file_without_the_client(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method="multipart")
        await send_parts(upload, HELLO)

        await let_time_pass(services, upload)
        await sweep(services)

        assert (await look(ada, upload))["state"] == "completed"

    async def test_an_upload_without_bytes_expires(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)

        await let_time_pass(services, upload, expired=True)
        await sweep(services)

        assert (await look(ada, upload))["state"] == "expired"
        assert (await usage(ada))["reserved_bytes"] == 0

    async def test_an_upload_in_time_stays_pending(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)

        await let_time_pass(services, upload)
        await sweep(services)

        assert (await look(ada, upload))["state"] == "pending"


class TestExpiry:
    """Whose time is over has expired, also before the worker has come round to it."""

    @pytest.mark.parametrize("method", ["put", "post", "multipart"])
    async def test_nothing_is_signed_any_more(
        self, register: Register, services: Services, method: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method=method)
        url = f"/v1/uploads/{upload['id']}"

        await let_time_pass(services, upload, expired=True)
        seen, parts = await look(ada, upload), await ada.http.post(f"{url}/parts", json=FIRST)
        early = await complete(ada, upload)
        await sweep(services)

        assert problem(parts) == problem(early) == (409, "upload_not_pending")
        assert "expired" in early.json()["detail"]
        assert (seen["state"], seen["request"], seen["parts"]) == ("expired", None, None)
        assert await look(ada, upload) == seen
        late = await complete(ada, upload), await ada.http.post(f"{url}/parts", json=FIRST)
        assert [answer.json()["detail"] for answer in late] == [
            answer.json()["detail"] for answer in (early, parts)
        ]

    async def test_bytes_that_arrived_still_become_a_file(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO)
        await send(upload["request"], HELLO)

        await let_time_pass(services, upload, expired=True)

        assert (await complete(ada, upload)).json()["state"] == "completed"

    async def test_shows_in_lists(self, register: Register, services: Services) -> None:
        ada = await register()
        over, open_ = await begin(ada, HELLO), await begin(ada, HELLO)

        await let_time_pass(services, over, expired=True)

        for state, upload in (("expired", over), ("pending", open_)):
            (item,) = (await ada.http.get(f"/v1/uploads?state={state}")).json()["items"]
            assert (item["id"], item["state"]) == (upload["id"], state)
            assert bool(item["request"]) == (state == "pending")


class TestList:
    async def test_tells_what_one_request_needs_and_leaves_parts_to_the_look(
        self, register: Register
    ) -> None:
        ada = await register()
        parted = await begin(ada, HELLO, method="multipart")
        single = await begin(ada, HELLO)

        items = (await ada.http.get("/v1/uploads")).json()["items"]

        assert [item["id"] for item in items] == [single["id"], parted["id"]]
        assert (await send(items[0]["request"], HELLO)).status_code == 200
        assert (items[1]["part_count"], items[1]["parts"]) == (1, None)
        assert len((await look(ada, parted))["parts"]) == 1

    async def test_newest_first_page_by_page(self, register: Register) -> None:
        ada = await register()
        begun = [await begin(ada, HELLO, f"{n}.txt") for n in range(5)]

        first = (await ada.http.get("/v1/uploads?limit=3&state=pending")).json()
        rest = (await ada.http.get(f"/v1/uploads?limit=3&cursor={first['next_cursor']}")).json()

        seen = [item["id"] for item in first["items"] + rest["items"]]
        assert seen == [upload["id"] for upload in reversed(begun)]
        assert rest["next_cursor"] is None

    async def test_a_tampered_cursor_is_refused(self, register: Register) -> None:
        ada = await register()

        for cursor in ("x", "WyJ4Il0", "W10"):
            answer = await ada.http.get(f"/v1/uploads?cursor={cursor}")
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")
