"""The schemas that requests and responses share. Pure: no framework, no database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from backend.kit.text import emails
from backend.kit.text.labels import MAX_LABEL_LENGTH, clean_label

T = TypeVar("T")


class Schema(BaseModel):
    """A request or response body. Unknown fields are refused, so that typos are noticed."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Page(Schema, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: Sequence[T]
    next_cursor: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`FilePage` for `Page[File]`: client libraries name their types after it."""
        return f"{params[0].__name__}Page"


Email = Annotated[
    str,
    Field(
        max_length=emails.MAX_LENGTH,
        examples=["ada@example.com"],
        json_schema_extra={"format": "email"},
    ),
    AfterValidator(emails.normalize_email),
]
Label = Annotated[
    str,
    Field(min_length=1, max_length=MAX_LABEL_LENGTH, examples=["Ada Lovelace"]),
    AfterValidator(clean_label),
]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be within the years 1 to 9999 in UTC") from error


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with an offset, converted to UTC; fails in the first and last hours of the calendar."""
