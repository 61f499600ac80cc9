"""Objects without a row, rows without their object, sizes that differ: one walk over both."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import CollectionAggregate, String, any_, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.rows import Db
from backend.core.s3.objects import StoredObject
from backend.features.fsck.findings import PAGE, Finding, Inspection, Kind
from backend.features.uploads.queries import is_open
from backend.features.uploads.signing import INCOMING_SUFFIX
from backend.kit.streams import batches, outer_join
from backend.models import FileVersion, Upload


class Recorded(NamedTuple):
    """A key as the database knows it; copies share an object and should agree on its size."""

    key: str
    smallest: int
    largest: int


Pair = tuple[StoredObject | None, Recorded | None]


async def check_objects(inspection: Inspection) -> AsyncIterator[Finding]:
    """Compare every object with every version, in order of their keys."""
    walk = _Walk(inspection)
    async for suspects in batches(walk.suspects(), PAGE):
        for finding in await walk.confirm(suspects):
            yield finding


class _Walk:
    """One comparison."""

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection
        self._storage = inspection.services.storage
        self._db = inspection.services.database.autocommit
        self._cutoff = inspection.cutoff

    async def suspects(self) -> AsyncIterator[Pair]:
        """Pairs that do not fit, as far as one look can tell."""
        async for stored, recorded in outer_join(self._stored(), recorded_keys(self._db)):
            if recorded is None and stored and stored.last_modified >= self._cutoff:
                continue
            if stored and recorded and stored.size == recorded.smallest == recorded.largest:
                continue
            yield stored, recorded

    async def _stored(self) -> AsyncIterator[StoredObject]:
        async for page in self._storage.list_objects():
            self._inspection.progress("objects", len(page))
            for found in page:
                yield found

    async def confirm(self, suspects: Sequence[Pair]) -> list[Finding]:
        """Look again: the listing and the rows were not read at the same moment."""
        orphans = [stored for stored, recorded in suspects if stored and not recorded]
        absent = [recorded for stored, recorded in suspects if recorded and not stored]
        findings = [
            Finding(
                Kind.WRONG_SIZE, stored.key, f"{stored.size} bytes stored, {_sizes(recorded)} noted"
            )
            for stored, recorded in suspects
            if stored and recorded
        ]
        return findings + await self._orphans(orphans) + await self._missing(absent)

    async def _orphans(self, objects: Sequence[StoredObject]) -> list[Finding]:
        owned = await owned_keys(self._db, [found.key for found in objects])
        orphans = [found for found in objects if found.key not in owned]
        deleted = await self._delete([found.key for found in orphans])
        return [
            Finding(
                Kind.ORPHAN_OBJECT,
                found.key,
                f"{found.size} bytes of {found.last_modified:%F %T} belong to no file",
                repaired=found.key in deleted,
            )
            for found in orphans
        ]

    async def _delete(self, keys: Sequence[str]) -> set[str]:
        if not self._inspection.repair:
            return set()
        undeleted = await self._storage.delete(keys)
        return set(keys) - {left.key for left in undeleted}

    async def _missing(self, absent: Sequence[Recorded]) -> list[Finding]:
        gone = [row for row in absent if await self._storage.head(row.key) is None]
        still_held = await owned_keys(self._db, [row.key for row in gone])
        return [
            Finding(Kind.MISSING_OBJECT, row.key, f"the {_sizes(row)} bytes of a file are gone")
            for row in gone
            if row.key in still_held
        ]


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


def _sizes(row: Recorded) -> str:
    same = row.smallest == row.largest
    return str(row.largest) if same else f"{row.smallest} to {row.largest}"
