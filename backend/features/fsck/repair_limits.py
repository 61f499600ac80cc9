"""Whether a repair may delete: not where bucket and database may not belong together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from backend.core.services import Services
from backend.features.fsck.findings import DELETED, Check, Inspection
from backend.features.fsck.prefixes import PREFIXES

FEW = 10
ONE_IN = 10
"""A repair deletes at most so many objects and multipart uploads, or one in ten objects."""

ADVICE = (
    "Do DATABASE_URL and S3_BUCKET belong together, and is the database not an older one? "
    "If they do and it is not, `we-upload fsck --repair-all` deletes them for good."
)


async def may_delete(inspection: Inspection, checks: Sequence[Check]) -> bool:
    """Look at everything once before anything is deleted; tell `refuse` why it must not be.

    Counting takes a walk of its own and no memory: what is counted need not be kept.

    Args:
        inspection: a repair.
        checks: all that find what is `DELETED`.

    Raises:
        DependencyUnavailable: the bucket or the database does not answer.
    """
    if inspection.repair_all:
        return True
    seen, doomed = await _count(inspection, checks)
    reason = None
    if doomed > max(FEW, seen // ONE_IN):
        reason = f"and of {seen:,} objects at most one in {ONE_IN}, or {FEW}, should"
    elif doomed and not await _something_in_common(inspection.services):
        reason = "and not one object of the bucket belongs to a file of the database"
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
    """Keys are random: no other installation has one of them. Mostly the first page tells."""
    for prefix in PREFIXES:
        async for page in services.storage.list_objects(prefix.prefix):
            if await prefix.held(services.database.autocommit, [found.key for found in page]):
                return True
    return False
