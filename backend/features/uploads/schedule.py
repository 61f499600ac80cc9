"""When the worker looks whether an upload's bytes arrived: soon at first, then ever less often."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func

from backend.models import Upload

FIRST_LOOK = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


def first_heal(created_at: datetime, expires_at: datetime) -> datetime:
    """The first look; `expires_at` at the latest."""
    return min(created_at + FIRST_LOOK, expires_at)


def next_heal() -> ColumnElement[datetime]:
    """SQL: the look after this one, after as long again as the upload is old (1 min to 1 h)."""
    age = func.now() - Upload.created_at
    pause = func.least(func.greatest(age, FIRST_LOOK), LONGEST_PAUSE)
    still_to_come = func.greatest(Upload.expires_at, func.now() + FIRST_LOOK)
    return func.least(func.now() + pause, still_to_come)
