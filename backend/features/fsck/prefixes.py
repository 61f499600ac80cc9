"""Whose the objects of the bucket are: each prefix, its owner, and how to ask what it holds.

A feature that stores objects of its own adds one line to `PREFIXES`. What stands below none of
them is not ours to judge: fsck tells of it and leaves it alone, whatever it is asked to repair.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import CollectionAggregate, String, any_, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.rows import Db
from backend.core.s3.storage import OBJECT_PREFIX
from backend.features.fsck.findings import PAGE
from backend.features.uploads.queries import is_open
from backend.features.uploads.signing import INCOMING_SUFFIX
from backend.models import FileVersion, Upload


class Recorded(NamedTuple):
    """A key as the database knows it; copies share an object and should agree on its size."""

    key: str
    smallest: int
    largest: int

    @property
    def sizes(self) -> str:
        """In words."""
        same = self.smallest == self.largest
        return str(self.largest) if same else f"{self.smallest} to {self.largest}"


async def recorded_keys(db: Db) -> AsyncIterator[Recorded]:
    """Every key that a version holds, ascending, read page by page."""
    size = FileVersion.size
    after = ""
    while True:
        page = (
            await db.execute(
                select(
                    FileVersion.object_key.label("key"),
                    func.min(size).label("smallest"),
                    func.max(size).label("largest"),
                )
                .where(FileVersion.object_key > after)
                .group_by(FileVersion.object_key)
                .order_by(FileVersion.object_key)
                .limit(PAGE)
            )
        ).all()
        for row in page:
            yield Recorded(row.key, row.smallest, row.largest)
        if len(page) < PAGE:
            return
        after = page[-1].key


async def owned_keys(db: Db, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a version holds or an open upload writes to.

    Asked in one statement, because completing moves a key from the one to the other.
    """
    writing = {key: key.removesuffix(INCOMING_SUFFIX) for key in keys}
    rows = await db.execute(
        union_all(
            select(FileVersion.object_key, literal(False).label("open")).where(
                FileVersion.object_key == _any_of(writing)
            ),
            select(Upload.object_key, literal(True)).where(
                Upload.object_key == _any_of(writing.values()), is_open
            ),
        )
    )
    known = {(row.object_key, row.open) for row in rows}
    return {key for key, base in writing.items() if (key, False) in known or (base, True) in known}


def _any_of(keys: Iterable[str]) -> CollectionAggregate[bool]:
    return any_(literal(list(keys), ARRAY(String)))


async def none_recorded(_db: Db) -> AsyncIterator[Recorded]:
    """For objects that can be made again: that one is missing is no finding."""
    for row in list[Recorded]():
        yield row


class Prefix(NamedTuple):
    """A part of the bucket.

    `held` gives those of some keys that must stay. `recorded` gives every key that must exist,
    ascending, with its size.
    """

    prefix: str
    owner: str
    held: Callable[[Db, Sequence[str]], Awaitable[set[str]]]
    recorded: Callable[[Db], AsyncIterator[Recorded]] = none_recorded


PREFIXES: tuple[Prefix, ...] = (Prefix(OBJECT_PREFIX, "files", owned_keys, recorded_keys),)
"""Each ends at the first slash, because that is where a listing of the bucket's top divides it."""
