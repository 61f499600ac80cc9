"""Whether a repair may delete: not if bucket and database might not belong together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from backend.core.services import Services
from backend.features.fsck.findings import DELETED, Check, Inspection
from backend.features.fsck.prefixes import PREFIXES

FEW = 10
ONE_IN = 10
"""A repair deletes at most this many objects and multipart uploads, or one in ten objects."""

ADVICE = (
    "Check that DATABASE_URL and S3_BUCKET belong together and that the database is not an older "
    "copy. If all is well, `we-upload fsck --repair-all` deletes them permanently."
)


async def may_delete(inspection: Inspection, checks: Sequence[Check]) -> bool:
    """Count everything before anything is deleted; tell `refuse` why it must not be.

    Counting takes a separate walk, so that findings need not be held in memory.

    Args:
        inspection: a repair.
        checks: all checks with findings in `DELETED`.

    Raises:
        DependencyUnavailable: the bucket or the database is not responding.
    """
    if inspection.repair_all:
        return True
    seen, doomed = await _count(inspection, checks)
    reason = None
    if doomed > max(FEW, seen // ONE_IN):
        reason = f"but out of {seen:,} objects at most {FEW}, or one in {ONE_IN}, should"
    elif doomed and not await _something_in_common(inspection.services):
        reason = "and no object in the bucket belongs to a file in the database"
    if reason:
        inspection.refuse(
            f"Nothing was deleted: {doomed:,} objects and multipart uploads belong to nothing, "
            f"{reason}. {ADVICE}"
        )
    return reason is None


async def _count(inspection: Inspection, checks: Sequence[Check]) -> tuple[int, int]:
    """How many objects there are, and how many things a repair would delete."""
    seen: Counter[str] = Counter()

    def progress(name: str, count: int) -> None:
        seen[name] += count
        inspection.progress(f"{name} before repairing", count)

    look = replace(inspection, repair=False, progress=progress)
    doomed = 0
    for check in checks:
        async for finding in check(look):
            doomed += finding.kind in DELETED
    return seen["objects"], doomed


async def _something_in_common(services: Services) -> bool:
    """Keys are random, so no other installation has one. Usually the first page suffices."""
    for prefix in PREFIXES:
        async for page in services.storage.list_objects(prefix.prefix):
            if await prefix.held(services.database.autocommit, [found.key for found in page]):
                return True
    return False
