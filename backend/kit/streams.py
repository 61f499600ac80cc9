"""Long sorted streams, read in parallel or in batches, and never held in memory as a whole."""

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """Something with a key to sort by."""

    @property
    def key(self) -> str:
        """Compared by code point, which is also the byte order of UTF-8."""


L = TypeVar("L", bound=Keyed)
R = TypeVar("R", bound=Keyed)
T = TypeVar("T")


async def outer_join(
    left: AsyncIterator[L], right: AsyncIterator[R]
) -> AsyncIterator[tuple[L | None, R | None]]:
    """Pair items with the same key; an item without a partner is paired with None.

    Both streams must be sorted by key, ascending and without duplicates.
    """
    a, b = await anext(left, None), await anext(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a.key < b.key):
            yield a, None
            a = await anext(left, None)
        elif a is None or b.key < a.key:
            yield None, b
            b = await anext(right, None)
        else:
            yield a, b
            a, b = await anext(left, None), await anext(right, None)


async def batches(stream: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """The stream in lists of `size`; the last one may be shorter."""
    batch: list[T] = []
    async for item in stream:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
