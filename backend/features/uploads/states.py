"""The state of an upload, as its owner sees it.

The worker ends an upload a minute or two after it has expired. Until then its row says `pending`,
although nothing can be sent any more: clients are told `expired` straight away.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func

from backend.kit.vocabulary import UploadState
from backend.models import Upload, UploadRow

FIRST_LOOK = timedelta(minutes=1)


def has_expired(upload: UploadRow) -> bool:
    """Whether its time is up. Bytes that arrived before then still become a file."""
    return upload.expires_at <= datetime.now(UTC)


def state_of(upload: UploadRow) -> UploadState:
    """The row's state, except that a pending upload is `expired` as soon as its time is up."""
    expired = upload.state is UploadState.PENDING and has_expired(upload)
    return UploadState.EXPIRED if expired else upload.state


def in_state(state: UploadState) -> ColumnElement[bool]:
    """SQL: `state_of` the selected upload is `state`."""
    expired = and_(Upload.state == UploadState.PENDING, Upload.expires_at <= func.now())
    return case((expired, UploadState.EXPIRED), else_=Upload.state) == state


def first_heal(created_at: datetime, expires_at: datetime) -> datetime:
    """When the worker looks first: after a minute, or at `expires_at` if that is earlier."""
    return min(created_at + FIRST_LOOK, expires_at)
