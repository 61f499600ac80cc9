"""S3's own notifications, through a real queue, for clients that send their bytes and are gone."""

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID, uuid4

import boto3
import pytest
from sqlalchemy import select

from backend.core.services import Services
from backend.features.finalize.notifications import following_events, heal_arrived
from backend.models import Upload
from tests.support.faulty_server import (
    FaultyServer,
    answers,
    faulty_server,
    resets,
)
from tests.support.people import Person, Register
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    send_parts,
    usage,
)

HELLO = b"hello, world"


class Queue:
    """A queue the bucket notifies, and that a test can write to as well."""

    def __init__(self, sqs: Any, url: str, bucket: str) -> None:
        self._sqs, self.url, self._bucket = sqs, url, bucket

    async def tell(self, *keys: str, raw: bool = False) -> None:
        """Send an event as S3 writes it, or as Ceph does: with raw keys."""
        records = [_record(self._bucket, key if raw else _form(key)) for key in keys]
        await self.say(json.dumps({"Records": records}))

    async def say(self, body: str) -> None:
        await asyncio.to_thread(self._sqs.send_message, QueueUrl=self.url, MessageBody=body)

    def arn(self) -> str:
        names = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        return str(names["Attributes"]["QueueArn"])

    async def is_empty(self) -> bool:
        answer = await asyncio.to_thread(
            self._sqs.get_queue_attributes, QueueUrl=self.url, AttributeNames=["All"]
        )
        counts = answer["Attributes"]
        waiting = counts["ApproximateNumberOfMessages"]
        return bool(waiting == counts["ApproximateNumberOfMessagesNotVisible"] == "0")


def _record(bucket: str, key: str) -> Json:
    named = {"bucket": {"name": bucket}, "object": {"key": key}}
    return {"eventName": "ObjectCreated:Put", "s3": named}


def _form(key: str) -> str:
    return quote(key, safe="/").replace("%20", "+")


@pytest.fixture
def queue(services: Services) -> Queue:
    """One of the test's own: a worker that stops may hold a message, which then comes late."""
    s3 = services.settings.s3
    sqs = boto3.client("sqs", region_name=s3.region, endpoint_url=s3.endpoint_url)
    s3_may_send = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}
    s3_may_send |= {"Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [s3_may_send]})
    name = f"events-{uuid4().hex}"
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    return Queue(sqs, url, s3.bucket)


@pytest.fixture
def notified(services: Services, queue: Queue) -> Iterator[None]:
    """The bucket tells the queue."""
    settings = services.settings.s3
    s3 = boto3.client("s3", region_name=settings.region, endpoint_url=settings.endpoint_url)

    def notify(queues: list[Any]) -> None:
        s3.put_bucket_notification_configuration(
            Bucket=settings.bucket, NotificationConfiguration={"QueueConfigurations": queues}
        )

    notify([{"QueueArn": queue.arn(), "Events": ["s3:ObjectCreated:*"]}])
    yield
    notify([])


Follow = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def follow(services: Services, queue: Queue) -> Follow:
    """A worker that follows the queue, in this process."""

    def follow(url: str = queue.url) -> AbstractAsyncContextManager[None]:
        settings = services.settings
        upload = settings.upload.model_copy(update={"events_queue_url": url})
        changed = settings.model_copy(update={"upload": upload})
        return following_events(dataclasses.replace(services, settings=changed))

    return follow


async def key_of(services: Services, upload: Json) -> str:
    query = select(Upload.object_key).where(Upload.id == UUID(upload["id"]))
    key: str = (await services.database.autocommit.execute(query)).scalar_one()
    return key


async def state(person: Person, upload: Json) -> str:
    answer: Json = (await person.http.get(f"/v1/uploads/{upload['id']}")).json()
    return str(answer["state"])


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    started = time.monotonic()
    async with asyncio.timeout(seconds + 5):
        yield
    assert time.monotonic() - started <= seconds


async def until_completed(person: Person, *uploads: Json) -> None:
    for upload in uploads:
        while await state(person, upload) != "completed":
            await asyncio.sleep(0.05)


async def until_asked(server: FaultyServer, times: int) -> None:
    async with asyncio.timeout(20):
        while len(server.requests) < times:
            await asyncio.sleep(0.05)


async def test_bytes_become_a_file_within_two_seconds(
    register: Register, follow: Follow, notified: None
) -> None:
    ada = await register()
    put = await begin(ada, HELLO, "put.txt")
    form = await begin(ada, HELLO, "form.txt", method="post")
    async with follow():
        await send(put["request"], HELLO)
        await send(form["request"], HELLO)
        async with within(2):
            await until_completed(ada, put, form)

    counted = await usage(ada)
    assert (counted["used_bytes"], counted["reserved_bytes"]) == (2 * len(HELLO), 0)


async def test_a_client_that_completes_at_once_is_named_as_the_one_who_did(
    register: Register, follow: Follow, notified: None
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO)
    async with follow():
        await send(upload["request"], HELLO)
        file = (await complete(ada, upload)).json()["file"]
        await asyncio.sleep(1.5)

    feed = (await ada.http.get(f"/v1/files/{file['id']}/activity")).json()["items"]
    assert [item["actor"]["kind"] for item in feed if item["action"] == "file.uploaded"] == ["user"]


async def test_repeated_reordered_unknown_and_raw_events_do_no_harm(
    register: Register, services: Services, queue: Queue, follow: Follow
) -> None:
    ada = await register()
    first, second, aborted, unsent = [await begin(ada, HELLO, f"{n}.txt") for n in range(4)]
    for upload in (first, second, aborted):
        await send(upload["request"], HELLO)
    await ada.http.delete(f"/v1/uploads/{aborted['id']}")
    keys = [await key_of(services, upload) for upload in (first, second, aborted, unsent)]

    for _ in range(3):
        await queue.tell(keys[1], keys[0], raw=True)
        await queue.tell(keys[2])
    await queue.tell(keys[3])
    await queue.tell("objects/20261121/of nobody+at all")
    await queue.say('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "we-upload"}')
    await queue.say("no JSON at all")
    async with follow():
        await until_completed(ada, first, second)
        async with asyncio.timeout(15):
            while not await queue.is_empty():
                await asyncio.sleep(0.1)

    assert await state(ada, aborted) == "aborted"
    assert await state(ada, unsent) == "pending"
    assert (await usage(ada))["used_bytes"] == 2 * len(HELLO)


async def test_one_that_arrives_long_after_the_upload_completed_changes_nothing(
    register: Register, services: Services
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO, method="multipart")
    await send_parts(upload, HELLO)
    file = (await complete(ada, upload)).json()["file"]

    await heal_arrived(services, [await key_of(services, upload)])

    versions = (await ada.http.get(f"/v1/files/{file['id']}/versions")).json()["items"]
    assert len(versions) == 1


async def test_a_queue_that_fails_is_asked_again(
    register: Register, services: Services, queue: Queue, follow: Follow
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO)
    await send(upload["request"], HELLO)
    await queue.tell(await key_of(services, upload))
    async with faulty_server(answers(500)) as server:
        broken = urlunsplit(urlsplit(queue.url)._replace(netloc=urlsplit(server.url).netloc))
        async with follow(broken):
            await until_asked(server, 2)
            server.behaviour = resets
            await until_asked(server, 4)
    assert await state(ada, upload) == "pending"

    async with follow():
        await until_completed(ada, upload)


async def test_stopping_finishes_what_was_received(
    register: Register, services: Services, queue: Queue, follow: Follow
) -> None:
    ada = await register()
    upload = await begin(ada, HELLO)
    await send(upload["request"], HELLO)
    async with follow():
        await queue.tell(await key_of(services, upload))
        await asyncio.sleep(0.3)  # received, and giving the client its time

    assert await state(ada, upload) == "completed"
