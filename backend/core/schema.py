"""The shapes every answer shares: schemas, pages, problem documents."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import orjson
from fastapi import Query, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from backend.core.errors import ApiError, DependencyUnavailable, TooManyRequests
from backend.kit.emails import normalize_email
from backend.kit.labels import MAX_LABEL_LENGTH, clean_label

T = TypeVar("T")
Row = TypeVar("Row")


class Schema(BaseModel):
    """A request or response body. Unknown fields are refused: a typo must not pass silently."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Page(Schema, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: Sequence[T]
    next_cursor: str | None = None


def cut_page(
    rows: Sequence[Row], limit: int, cursor_of: Callable[[Row], str]
) -> tuple[Sequence[Row], str | None]:
    """Split `limit + 1` fetched rows into a page and the cursor of the next one.

    The extra row only tells that there is more; it is not on the page.
    """
    page = rows[:limit]
    return page, cursor_of(page[-1]) if len(rows) > limit else None


Email = Annotated[
    str,
    Field(max_length=254, examples=["ada@example.com"], json_schema_extra={"format": "email"}),
    AfterValidator(normalize_email),
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
        raise ValueError("must lie in the years 1 to 9999, in UTC") from error


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its offset, brought to UTC: the first and last hours of the calendar have none."""


def json_answer(content: Any) -> Response:
    """Answer with plain data that is known to fit the operation's declared schema.

    For long lists: building and dumping a model an item costs ten times as much.
    """
    body = orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json")


def model_answer(
    model: BaseModel, status_code: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Answer with a model as it is; returned bare, FastAPI would validate it once more."""
    body = model.model_dump_json()
    return Response(body, status_code, headers, media_type="application/json")


class Documents(NamedTuple):
    """A `Page` of plain JSON."""

    items: list[dict[str, Any]]
    next_cursor: str | None


Limit = Annotated[int, Query(ge=1, le=1000, description="How many items a page holds at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the page before.")
]


class Problem(BaseModel):
    """An error (RFC 9457). Branch on `code`; show `detail` to people; quote `request_id`."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["There is nothing here that you can see."])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is nothing here that you can see."])
    code: str = Field(examples=["not_found"])
    request_id: str | None = Field(examples=["0199c0de7e5d7c0a8d1f6c1b2a3f4e5d"])
    errors: list[dict[str, Any]] | None = None


def problems(*errors: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the errors an operation declares, several codes a status."""
    by_status: dict[int | str, list[type[ApiError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {status: _response(kinds) for status, kinds in by_status.items()}


def _response(kinds: list[type[ApiError]]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": " · ".join(f"`{kind.code}`: {kind.title_of()}" for kind in kinds),
        "content": {
            "application/problem+json": {
                # By reference: a `model` would be declared as application/json.
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
            }
        },
    }
    if kinds[0].status in {TooManyRequests.status, DependencyUnavailable.status}:
        response["headers"] = {
            "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}
        }
    return response


def _example(kind: type[ApiError]) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": kind.title_of(),
        "status": kind.status,
        "detail": kind.title_of(),
        "code": kind.code,
        "request_id": "0199c0de7e5d7c0a8d1f6c1b2a3f4e5d",
    }
