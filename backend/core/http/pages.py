"""Pages of a list: what a client may ask for."""

from typing import Annotated, Any, NamedTuple

from fastapi import Query

Limit = Annotated[int, Query(ge=1, le=1000, description="The maximum number of items on a page.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="The `next_cursor` of the previous page.")
]


class Documents(NamedTuple):
    """A `Page` of plain JSON."""

    items: list[dict[str, Any]]
    next_cursor: str | None
