"""Who owns the objects in the bucket: each prefix, its owner, and what should be below it.

A feature that stores objects of its own adds one line to `PREFIXES`. What is below none of them is
not ours to judge: fsck reports it but never deletes it, whatever it is asked to repair.
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
    """A key recorded in the database; copies share an object and should agree on its size."""

    key: str
    smallest: int
    largest: int

    @property
    def sizes(self) -> str:
        """The size, or the range of sizes, as text."""
        same = self.smallest == self.largest
        return str(self.largest) if same else f"{self.smallest} to {self.largest}"


async def recorded_keys(db: Db) -> AsyncIterator[Recorded]:
    """Every key that a version refers to, ascending, read page by page."""
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
    """Those of `keys` that a version refers to or an open upload writes to.

    In one statement, because completing an upload moves a key from one to the other.
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
    """For objects that can be recreated: a missing one is not a finding."""
    for row in list[Recorded]():
        yield row


class Prefix(NamedTuple):
    """One part of the bucket.

    `held` returns those of the given keys that must be kept. `recorded` yields every key that must
    exist, ascending, with its size.
    """

    prefix: str
    owner: str
    held: Callable[[Db, Sequence[str]], Awaitable[set[str]]]
    recorded: Callable[[Db], AsyncIterator[Recorded]] = none_recorded


PREFIXES: tuple[Prefix, ...] = (Prefix(OBJECT_PREFIX, "files", owned_keys, recorded_keys),)
"""Each ends at the first slash, which is how the top of the bucket is listed."""
