"""Long sorted streams, walked side by side or in batches: never held whole."""

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
    """Pair what has the same key; what has no partner comes with None.

    Both streams must ascend by key, each key once.
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
