"""Complete uploads as soon as S3 notifies that their bytes have arrived.

An event is a hint and the sweep is the promise: one that is lost, late, repeated or about an
upload that has ended does no harm.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import String, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.rows import rows
from backend.core.errors import DependencyUnavailable
from backend.core.observability import metrics
from backend.core.services import Services
from backend.core.upload_events import Delivery, UploadEvents, open_upload_events
from backend.features.finalize.jobs import heal_all
from backend.features.uploads import queries
from backend.features.uploads.signing import INCOMING_SUFFIX
from backend.kit.vocabulary import UploadState
from backend.models import Upload, UploadRow

log = structlog.stdlib.get_logger(__name__)

GRACE = 0.5
"""Seconds for the client to complete the upload itself, so that the audit trail names it."""
BATCHES = 8
"""Batches handled concurrently, each up to ten messages; more wait in the queue."""


@asynccontextmanager
async def following_events(services: Services) -> AsyncIterator[None]:
    """Follow UPLOAD_EVENTS_QUEUE_URL, if it is set; on exit, finish what has been received."""
    queue_url = services.settings.upload.events_queue_url
    if not queue_url:
        yield
        return
    async with (
        open_upload_events(services.settings.s3, queue_url) as events,
        asyncio.TaskGroup() as tasks,
    ):
        follower = tasks.create_task(_follow(services, events, tasks))
        yield
        follower.cancel()


async def _follow(services: Services, events: UploadEvents, tasks: asyncio.TaskGroup) -> None:
    """Receive until cancelled; if the queue does not answer, try again a little later."""
    places = asyncio.Semaphore(BATCHES)
    while True:
        await places.acquire()
        try:
            deliveries = await events.receive()
        except DependencyUnavailable:
            places.release()
            await asyncio.sleep(random.uniform(1, 3))  # noqa: S311 - workers apart from each other
            continue
        handling = tasks.create_task(_handle(services, events, deliveries))
        handling.add_done_callback(lambda _: places.release())


async def _handle(services: Services, events: UploadEvents, deliveries: Sequence[Delivery]) -> None:
    """Complete the uploads of one batch; messages that could not be handled are sent again."""
    if not deliveries:
        return
    try:
        await asyncio.sleep(GRACE)
        await heal_arrived(services, [key for delivery in deliveries for key in delivery.keys])
        await events.delete(deliveries)
    except Exception as error:  # noqa: BLE001 - a hint must never end the work
        metrics.upload_events.labels("failed").inc(len(deliveries))
        log.warning("events not handled", error=type(error).__name__)
    else:
        metrics.upload_events.labels("handled").inc(len(deliveries))


async def heal_arrived(services: Services, keys: Sequence[str]) -> None:
    """Complete the pending uploads whose bytes are under these keys; ignore other keys."""
    written = {key.removesuffix(INCOMING_SUFFIX) for key in keys}
    if not written:
        return
    arrived = queries.uploads(
        Upload.object_key == any_(literal(list(written), ARRAY(String))),
        Upload.state == UploadState.PENDING,
    )
    await heal_all(services, await rows(services.database.autocommit, UploadRow, arrived))
