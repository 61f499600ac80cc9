"""`Idempotency-Key` where nothing is created: the request runs as without it."""

import asyncio

from sqlalchemy import func, select

from backend.core.services import Services
from backend.models import IdempotencyKey
from tests.support.people import Register
from tests.support.transfer import begin, send, upload_file

HELLO = b"hello, world"


async def stored(services: Services) -> int:
    query = select(func.count()).select_from(IdempotencyKey)
    return int((await services.database.autocommit.execute(query)).scalar_one())


async def test_what_creates_nothing_stores_no_answer(register: Register, services: Services):
    ada = await register("ada")
    file = await upload_file(ada, HELLO)
    before = await stored(services)

    # No content type that goes the direct way, so the long one.
    headers = {"Idempotency-Key": "a-key-of-mine", "Content-Type": "application/x+json"}
    body = f'{{"file_ids": ["{file["id"]}"]}}'
    answer = await ada.http.post("/v1/download-urls", content=body, headers=headers)

    assert answer.status_code == 200
    assert await stored(services) == before


async def test_many_completions_with_keys_need_no_second_connection(register: Register):
    """A transaction around the calls to S3 would hold the connection the completion waits for."""
    ada = await register("ada")
    uploads = [await begin(ada, HELLO, f"{number}.txt") for number in range(60)]
    await asyncio.gather(*(send(upload["request"], HELLO) for upload in uploads))

    answers = await asyncio.gather(
        *(
            ada.http.post(
                f"/v1/uploads/{upload['id']}/complete", headers={"Idempotency-Key": upload["id"]}
            )
            for upload in uploads
        )
    )

    assert {answer.status_code for answer in answers} == {200}
