"""Pages of a list: what a client may ask for."""

from typing import Annotated, Any, NamedTuple

from fastapi import Query

Limit = Annotated[int, Query(ge=1, le=1000, description="How many items a page holds at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the page before.")
]


class Documents(NamedTuple):
    """A `Page` of plain JSON."""

    items: list[dict[str, Any]]
    next_cursor: str | None
