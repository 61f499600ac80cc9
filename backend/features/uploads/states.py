"""The state of an upload, as its owner sees it.

The worker ends an upload a minute or two after its time is over. Until then its row says
`pending`, though nothing can be sent any more: we say at once what it is going to be.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func

from backend.features.uploads.errors import UploadNotPending
from backend.kit.vocabulary import UploadMethod, UploadState
from backend.models import Upload, UploadRow

FIRST_LOOK = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


def is_over(upload: UploadRow) -> bool:
    """Whether its time is over. Bytes that arrived before still become a file."""
    return bool(upload.expires_at <= datetime.now(UTC))


def state_of(upload: UploadRow) -> UploadState:
    """The row's state, but `expired` as soon as the time of a pending upload is over."""
    state = UploadState(upload.state)
    return UploadState.EXPIRED if state is UploadState.PENDING and is_over(upload) else state


def in_state(state: UploadState) -> ColumnElement[bool]:
    """SQL: `state_of` the selected upload is `state`."""
    over = and_(Upload.state == UploadState.PENDING, Upload.expires_at <= func.now())
    return case((over, UploadState.EXPIRED), else_=Upload.state) == state


def require_parts_pending(upload: UploadRow) -> UploadRow:
    """Return `upload`, if it is a multipart upload to which parts can be sent.

    Raises:
        UploadNotPending: it is over, or has no parts.
    """
    if (state := state_of(upload)) is not UploadState.PENDING:
        raise UploadNotPending(f"This upload is {state}.")
    if upload.method != UploadMethod.MULTIPART:
        raise UploadNotPending("This upload has no parts: send its one request.")
    return upload


def first_heal(created_at: datetime, expires_at: datetime) -> datetime:
    """The first look; `expires_at` at the latest."""
    return min(created_at + FIRST_LOOK, expires_at)


def next_heal() -> ColumnElement[datetime]:
    """SQL: the look after this one, after as long again as the upload is old (1 min to 1 h)."""
    age = func.now() - Upload.created_at
    pause = func.least(func.greatest(age, FIRST_LOOK), LONGEST_PAUSE)
    still_to_come = func.greatest(Upload.expires_at, func.now() + FIRST_LOOK)
    return func.least(func.now() + pause, still_to_come)
