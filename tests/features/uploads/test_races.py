"""What goes on at the same time, or stops in between."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from backend.core.database.engine import fetch_one
from backend.core.s3.objects import ObjectHead
from backend.core.services import Services
from backend.features.finalize.claim import CLAIM, LEASE
from backend.features.finalize.complete import finalize
from backend.features.finalize.jobs import sweep
from backend.features.tree.purge import condemn_tree
from backend.features.uploads.errors import UploadNotPending
from backend.kit import faults
from backend.models import Space, Upload
from backend.rules.actor import SYSTEM
from tests.features.uploads.test_ending import let_time_pass, look
from tests.support.people import Person, Register
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    upload_file,
    usage,
)
from tests.support.trees import listed, make_folder, root_of

HELLO = b"hello, world"
Arm = Callable[[Callable[[str], None]], None]


@pytest.fixture
def arm() -> Iterator[Arm]:
    """Do something at a step in the middle of a request."""
    yield faults.arm
    faults.arm(lambda _step: None)


def post(request: Json, content: bytes) -> None:
    files = {"file": ("blob", content)}
    httpx.post(request["url"], data=request["fields"], files=files).raise_for_status()


async def test_a_form_posted_again_while_it_is_copied_can_be_completed_then(
    register: Register, arm: Arm
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO, method="post")
    await send(upload["request"], HELLO)

    arm(lambda step: post(upload["request"], HELLO[::-1]) if step == "complete.looked" else None)
    meanwhile = await complete(ada, upload)
    arm(lambda _step: None)
    after = await complete(ada, upload)

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "upload_incomplete")
    assert after.json()["state"] == "completed"


async def test_what_a_dead_process_was_completing_is_healed_when_its_lease_is_over(
    register: Register, services: Services
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO)
    await send(upload["request"], HELLO)
    db = services.database.autocommit
    rarely = update(Upload).where(Upload.id == UUID(upload["id"]))
    await db.execute(rarely.values(heal_at=func.now() + timedelta(hours=1)))
    ids = {"upload_id": UUID(upload["id"]), "uploader_id": UUID(ada.id)}
    assert await fetch_one(db, CLAIM, **ids, lease=timedelta(0))

    await sweep(services)

    assert (await look(ada, upload))["state"] == "completed"


async def test_who_completes_after_their_claim_ran_out_changes_nothing(
    register: Register, services: Services
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO)
    await send(upload["request"], HELLO)
    database, storage, settings = services.database, services.storage, services.settings.upload
    ids = {"upload_id": UUID(upload["id"]), "uploader_id": UUID(ada.id)}
    late = await fetch_one(database.autocommit, CLAIM, **ids, lease=timedelta(0))
    current = await fetch_one(database.autocommit, CLAIM, **ids, lease=LEASE)
    assert late is not None
    assert current is not None

    with pytest.raises(UploadNotPending):
        await finalize(database, storage, settings, SYSTEM, late)
    assert await listed(ada, await root_of(ada)) == []
    await finalize(database, storage, settings, SYSTEM, current)

    assert [file["version_count"] for file in await listed(ada, await root_of(ada))] == [1]
    after = await usage(ada)
    assert (after["used_bytes"], after["reserved_bytes"]) == (len(HELLO), 0)


async def test_bytes_for_an_account_that_was_closed_meanwhile_free_their_reservation(
    register: Register, services: Services
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO)
    await send(upload["request"], HELLO)
    async with services.database.transaction() as tx:
        await condemn_tree(tx, UUID(ada.id))

    await let_time_pass(services, upload)
    await sweep(services)

    ended = await look(ada, upload)
    assert (ended["state"], ended["failure"]["code"]) == ("failed", "target_gone")
    reserved = select(Space.reserved_bytes).where(Space.id == UUID(ada.id))
    assert (await services.database.autocommit.execute(reserved)).scalar_one() == 0


async def test_one_upload_that_cannot_be_healed_does_not_keep_others_waiting(
    register: Register, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await register()
    poison, other = await begin(ada, HELLO, "a.txt"), await begin(ada, HELLO, "b.txt")
    await send(other["request"], HELLO)
    key = httpx.URL(poison["request"]["url"]).path.rpartition("/")[2]
    head = services.storage.head

    async def breaks_on_poison(asked: str) -> ObjectHead | None:
        if asked.endswith(key):
            raise RuntimeError
        return await head(asked)

    monkeypatch.setattr(services.storage, "head", breaks_on_poison)
    for upload in (poison, other):
        await let_time_pass(services, upload)
    await sweep(services)

    assert (await look(ada, other))["state"] == "completed"


async def new_versions_at_once(person: Person, name: str, count: int) -> list[Json]:
    """Upload the same name so often at the same time; gives the files."""
    fields = {"on_conflict": "new_version"}
    uploads = [await begin(person, HELLO, name, **fields) for _ in range(count)]
    for upload in uploads:
        await send(upload["request"], HELLO)
    answers = await asyncio.gather(*(complete(person, upload) for upload in uploads))
    return [answer.raise_for_status().json()["file"] for answer in answers]


class TestNewVersionsAtOnce:
    async def test_of_a_new_name_are_versions_of_one_file(self, register: Register) -> None:
        ada = await register()
        root = await root_of(ada)

        for turn in range(8):
            files = await new_versions_at_once(ada, f"{turn}.txt", 4)
            assert {file["name"] for file in files} == {f"{turn}.txt"}
            assert len({file["id"] for file in files}) == 1

        children = await listed(ada, root)
        assert [child["version_count"] for child in children] == [4] * 8
        assert (await usage(ada))["used_bytes"] == 8 * 4 * len(HELLO)

    async def test_beside_a_folder_of_that_name_get_names_of_their_own(
        self, register: Register
    ) -> None:
        ada = await register()
        await make_folder(ada, "plans")

        files = await new_versions_at_once(ada, "plans", 2)

        assert sorted(file["name"] for file in files) == ["plans (1)", "plans (2)"]


async def test_a_name_that_comes_and_goes_is_never_taken_for_a_lack_of_room(
    register: Register,
) -> None:
    ada = await register()
    file = await upload_file(ada, HELLO, "taken.txt")
    body = {"name": "taken.txt", "size": 1, "on_conflict": "fail"}

    async def rename_to_and_fro() -> None:
        for turn in range(150):
            name = {"name": "other.txt" if turn % 2 == 0 else "taken.txt"}
            (await ada.http.patch(f"/v1/files/{file['id']}", json=name)).raise_for_status()

    async def begin_often() -> list[str]:
        answers = [await ada.http.post("/v1/uploads", json=body) for _ in range(100)]
        return [answer.json().get("code", "begun") for answer in answers]

    renaming = asyncio.create_task(rename_to_and_fro())
    outcomes = await asyncio.gather(*(begin_often() for _ in range(4)))
    await renaming

    assert {code for codes in outcomes for code in codes} == {"begun", "name_taken"}


class TestAbortsAtOnce:
    async def test_are_all_answered_as_one(self, register: Register) -> None:
        ada = await register()

        for _ in range(8):
            url = f"/v1/uploads/{(await begin(ada, HELLO))['id']}"
            answers = await asyncio.gather(*(ada.http.delete(url) for _ in range(4)))
            assert [answer.status_code for answer in answers] == [204] * 4

        assert (await usage(ada))["reserved_bytes"] == 0

    async def test_that_come_too_late_are_told_what_the_upload_became(
        self, register: Register
    ) -> None:
        ada = await register()

        for _ in range(8):
            upload = await begin(ada, HELLO)
            await send(upload["request"], HELLO)
            url = f"/v1/uploads/{upload['id']}"
            _, *aborts = await asyncio.gather(
                complete(ada, upload), *(ada.http.delete(url) for _ in range(4))
            )
            refused = [answer.json() for answer in aborts if answer.status_code != 204]
            assert {problem["code"] for problem in refused} <= {"upload_not_pending"}
            assert not [problem for problem in refused if "pending" in problem["detail"]]
