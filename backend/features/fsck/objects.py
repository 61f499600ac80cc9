"""Objects without a row, rows without their object, sizes that differ: one walk over both."""

from collections.abc import AsyncIterator, Sequence

from backend.core.s3.objects import StoredObject
from backend.features.fsck.findings import PAGE, Finding, Inspection, Kind
from backend.features.fsck.prefixes import PREFIXES, Prefix, Recorded
from backend.kit.streams import batches, outer_join

Pair = tuple[StoredObject | None, Recorded | None]


async def check_objects(inspection: Inspection) -> AsyncIterator[Finding]:
    """Compare every object with what its owner has recorded, in order of their keys."""
    for prefix in PREFIXES:
        walk = _Walk(inspection, prefix)
        async for suspects in batches(walk.suspects(), PAGE):
            for finding in await walk.confirm(suspects):
                yield finding


async def check_foreign(inspection: Inspection) -> AsyncIterator[Finding]:
    """Find objects below none of our prefixes: we cannot know whether they may be deleted."""
    known = {prefix.prefix for prefix in PREFIXES}
    storage = inspection.services.storage
    async for name in storage.top():
        if name in known:
            continue
        async for page in storage.list_objects(name):
            inspection.progress("foreign objects", len(page))
            for found in page:
                detail = (
                    f"{found.size} bytes from {found.last_modified:%F %T}, below no known prefix"
                )
                yield Finding(Kind.FOREIGN_OBJECT, found.key, detail)


class _Walk:
    """One comparison, below one prefix."""

    def __init__(self, inspection: Inspection, prefix: Prefix) -> None:
        self._inspection = inspection
        self._prefix = prefix
        self._storage = inspection.services.storage
        self._db = inspection.services.database.autocommit
        self._cutoff = inspection.cutoff

    async def suspects(self) -> AsyncIterator[Pair]:
        """Pairs that do not match, as far as a first look can tell."""
        async for stored, recorded in outer_join(self._stored(), self._prefix.recorded(self._db)):
            if recorded is None and stored and stored.last_modified >= self._cutoff:
                continue
            if stored and recorded and stored.size == recorded.smallest == recorded.largest:
                continue
            yield stored, recorded

    async def _stored(self) -> AsyncIterator[StoredObject]:
        async for page in self._storage.list_objects(self._prefix.prefix):
            self._inspection.progress("objects", len(page))
            for found in page:
                yield found

    async def confirm(self, suspects: Sequence[Pair]) -> list[Finding]:
        """Look again: the listing and the rows were not read at the same moment."""
        orphans = [stored for stored, recorded in suspects if stored and not recorded]
        absent = [recorded for stored, recorded in suspects if recorded and not stored]
        findings = [
            Finding(
                Kind.WRONG_SIZE,
                stored.key,
                f"{stored.size} bytes stored, {recorded.sizes} recorded",
            )
            for stored, recorded in suspects
            if stored and recorded
        ]
        return findings + await self._orphans(orphans) + await self._missing(absent)

    async def _orphans(self, objects: Sequence[StoredObject]) -> list[Finding]:
        owned = await self._prefix.held(self._db, [found.key for found in objects])
        orphans = [found for found in objects if found.key not in owned]
        deleted = await self._delete([found.key for found in orphans])
        return [
            Finding(
                Kind.ORPHAN_OBJECT,
                found.key,
                f"{found.size} bytes from {found.last_modified:%F %T} belong to nothing in "
                f"{self._prefix.owner}",
                repaired=found.key in deleted,
            )
            for found in orphans
        ]

    async def _delete(self, keys: Sequence[str]) -> set[str]:
        if not self._inspection.repair:
            return set()
        undeleted = await self._storage.delete(keys, prefix=self._prefix.prefix)
        return set(keys) - {left.key for left in undeleted}

    async def _missing(self, absent: Sequence[Recorded]) -> list[Finding]:
        gone = [row for row in absent if await self._storage.head(row.key) is None]
        still_held = await self._prefix.held(self._db, [row.key for row in gone])
        return [
            Finding(Kind.MISSING_OBJECT, row.key, f"the {row.sizes} bytes of a file are missing")
            for row in gone
            if row.key in still_held
        ]
