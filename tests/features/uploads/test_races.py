"""What goes on at the same time, or stops in between."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, update

from backend.core.services import Services
from backend.core.stored import ObjectHead
from backend.features.files.purge import condemn_tree
from backend.features.uploads import queries
from backend.features.uploads.jobs import sweep
from backend.kit import faults
from backend.models import Upload
from tests.features.uploads.test_ending import let_time_pass, look
from tests.people import Register
from tests.transfer import Json, begin, complete, send, usage

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
    await db.execute(queries.claim(UUID(upload["id"]), timedelta(0)))

    await sweep(services)

    assert (await look(ada, upload))["state"] == "completed"


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
    assert (await usage(ada))["reserved_bytes"] == 0


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
