from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from backend.kit.streams import batches, outer_join


class Item(NamedTuple):
    key: str


async def stream(keys: Iterable[str]) -> AsyncIterator[Item]:
    for key in keys:
        yield Item(key)


keys = st.sets(st.text(max_size=3))


@given(keys, keys)
async def test_outer_join_pairs_each_key_once_in_order(left: set[str], right: set[str]) -> None:
    pairs = [pair async for pair in outer_join(stream(sorted(left)), stream(sorted(right)))]

    joined = [item.key for a, b in pairs if (item := a or b)]
    assert joined == sorted(left | right)
    assert {a.key for a, _ in pairs if a} == left
    assert {b.key for _, b in pairs if b} == right
    assert all(a == b for a, b in pairs if a and b)


async def test_batches_hold_so_many() -> None:
    assert [len(batch) async for batch in batches(stream("abcde"), 2)] == [2, 2, 1]
    assert [batch async for batch in batches(stream(""), 2)] == []
