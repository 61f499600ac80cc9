"""S3 event notifications that an object has arrived, from an SQS queue.

Events may come late, twice and in any order. They only say where to look: handlers ask the bucket.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

import structlog

from backend.core.errors import DependencyUnavailable
from backend.core.limits.guarded_service import GuardedService, Refused
from backend.core.s3.client import in_our_words, open_session, sqs_client
from backend.core.s3.storage import OBJECT_PREFIX
from backend.core.settings import S3Settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

log = structlog.get_logger(__name__)

POLL_SECONDS = 5
"""Seconds a poll waits for a first event. SQS allows 20; stopping a process takes as long."""
BATCH = 10
"""Messages that SQS returns or deletes in one call."""


class Delivery(NamedTuple):
    """One message: the keys that were written, and the receipt to delete it from the queue."""

    keys: list[str]
    receipt: str


class UploadEvents:
    """A queue with the event notifications of one bucket."""

    def __init__(
        self, client: "SQSClient", queue_url: str, bucket: str, sqs: GuardedService
    ) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bucket = bucket
        self._sqs = sqs

    async def receive(self) -> list[Delivery]:
        """Wait up to POLL_SECONDS for events; those not deleted in time are delivered again.

        Raises:
            DependencyUnavailable: the queue is not responding, or refuses us.
        """
        answer = await self._call(
            self._client.receive_message,
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=POLL_SECONDS,
        )
        return [
            Delivery(written_keys(message["Body"], self._bucket), message["ReceiptHandle"])
            for message in answer.get("Messages", [])
        ]

    async def delete(self, deliveries: Sequence[Delivery]) -> None:
        """Delete handled messages (up to BATCH) from the queue.

        Raises:
            DependencyUnavailable: the queue is not responding, or refuses us.
        """
        if not deliveries:
            return
        await self._call(
            self._client.delete_message_batch,
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": delivery.receipt}
                for number, delivery in enumerate(deliveries)
            ],
        )

    async def _call(self, method: Any, **parameters: Any) -> Any:
        try:
            return await self._sqs.call(method, **parameters)
        except Refused as refused:
            log.warning("queue_refused", operation=method.__name__, code=refused.code)
            raise DependencyUnavailable from refused


@asynccontextmanager
async def open_upload_events(settings: S3Settings, queue_url: str) -> AsyncIterator[UploadEvents]:
    """Open the queue at `queue_url`, which receives the bucket's events."""
    session = await asyncio.to_thread(open_session, settings)
    client = await asyncio.to_thread(sqs_client, session, queue_url, wait=POLL_SECONDS)
    sqs = GuardedService("sqs", translate=in_our_words, threads=2, deadline=POLL_SECONDS + 10)
    try:
        yield UploadEvents(client, queue_url, settings.bucket, sqs)
    finally:
        sqs.close()
        client.close()


def written_keys(body: str, bucket: str) -> list[str]:
    """Our keys that were created in `bucket` according to a message; none in a test message.

    S3 encodes keys as in a form (`+` for a space); Ceph RGW does not. Our keys read the same
    either way.
    """
    try:
        records = json.loads(body).get("Records", [])
        created = [
            unquote_plus(record["s3"]["object"]["key"])
            for record in records
            if "ObjectCreated" in record["eventName"] and record["s3"]["bucket"]["name"] == bucket
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("event_not_understood")
        return []
    return [key for key in created if key.startswith(OBJECT_PREFIX)]
