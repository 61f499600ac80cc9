"""Pages of a list: what a client may ask for, and how a page is cut."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import Query

Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=1000, description="The maximum number of items on a page.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="The `next_cursor` of the previous page.")
]


class Documents(NamedTuple):
    """A `Page` of plain JSON."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def cut_page(
    rows: Sequence[Row], limit: int, cursor_of: Callable[[Row], str]
) -> tuple[Sequence[Row], str | None]:
    """Split `limit + 1` fetched rows into a page and the cursor of the next one.

    The extra row only shows that there is more; it is not on the page.
    """
    page = rows[:limit]
    return page, cursor_of(page[-1]) if len(rows) > limit else None
