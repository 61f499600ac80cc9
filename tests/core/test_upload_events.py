"""The bucket tells a queue of what was written to it."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest

from backend.core.errors import DependencyUnavailable
from backend.core.upload_events import open_upload_events, written_keys


@pytest.fixture
def queue_url(s3_settings, object_store):
    """A queue that the bucket notifies."""
    options = {"region_name": s3_settings.region, "endpoint_url": s3_settings.endpoint_url}
    sqs, s3 = boto3.client("sqs", **options), boto3.client("s3", **options)
    s3_may_send = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}
    s3_may_send |= {"Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [s3_may_send]})
    name = f"events-{uuid4().hex}"
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    queue: Any = {"QueueArn": attributes["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=s3_settings.bucket, NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    yield url
    s3.put_bucket_notification_configuration(
        Bucket=s3_settings.bucket, NotificationConfiguration={}
    )


@pytest.fixture
async def events(s3_settings, queue_url):
    async with open_upload_events(s3_settings, queue_url) as events:
        yield events


async def test_a_written_object_is_reported_until_the_message_is_deleted(
    events, presigner, client, queue_url
):
    key = f"objects/20261121/{uuid4()}"
    signed = presigner.put(key, size=1, content_type="a/b", expires=timedelta(minutes=1))
    await client.put(signed.url, headers=signed.headers, content=b"x")

    deliveries: list[Any] = []
    async with asyncio.timeout(10):
        while [key] not in [delivery.keys for delivery in deliveries]:
            deliveries += await events.receive()
    await events.delete(deliveries)

    attributes = boto3.client("sqs", "us-east-1", endpoint_url=events._client.meta.endpoint_url)
    left = attributes.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == "0"
    assert left["ApproximateNumberOfMessagesNotVisible"] == "0"


async def test_a_missing_queue_is_unavailable(s3_settings, s3_endpoint):
    missing = f"{s3_endpoint.url}/000000000000/missing"
    async with open_upload_events(s3_settings, missing) as events:
        with pytest.raises(DependencyUnavailable):
            await events.receive()


def record(key, event="ObjectCreated:Put", bucket="bucket"):
    return {"eventName": event, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def body(*records):
    return json.dumps({"Records": records})


class TestWrittenKeys:
    def test_are_decoded_as_forms_are(self):
        assert written_keys(body(record("objects/a+b%2Bc")), "bucket") == ["objects/a b+c"]

    def test_may_be_several_in_a_message(self):
        message = body(record("objects/1"), record("objects/2", "s3:ObjectCreated:Post"))
        assert written_keys(message, "bucket") == ["objects/1", "objects/2"]

    @pytest.mark.parametrize(
        "other",
        [
            record("objects/1", "ObjectRemoved:Delete"),
            record("objects/1", bucket="another"),
            record("exports/1"),
        ],
    )
    def test_are_only_new_objects_of_ours(self, other):
        assert written_keys(body(other), "bucket") == []

    @pytest.mark.parametrize(
        "message", ['{"Event": "s3:TestEvent"}', "", "[]", '{"Records": [{}]}', '{"Records": 1}']
    )
    def test_are_none_in_anything_else(self, message):
        assert written_keys(message, "bucket") == []
