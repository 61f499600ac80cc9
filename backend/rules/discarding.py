"""Bytes are deleted twice: at once, and when the last URL that could write them has run out."""

from datetime import timedelta
from uuid import UUID

from backend.core.database.engine import Transaction
from backend.core.jobs.queue import enqueue
from backend.core.settings import UploadSettings

DISCARD = "uploads.discard"
LANDING = timedelta(minutes=5)
"""S3 checks a signature when a request starts: what started in time may land a little later."""


async def discard(tx: Transaction, settings: UploadSettings, upload_id: UUID | str) -> None:
    """Enqueue that the bytes of an ended upload be discarded, and again after its last URL."""
    for delay in (None, settings.url_ttl + LANDING):
        await enqueue(tx, DISCARD, {"upload_id": str(upload_id)}, delay=delay)
