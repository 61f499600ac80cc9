"""All checks, one after the other."""

from collections.abc import AsyncIterator

from backend.features.fsck.findings import Check, Finding, Inspection
from backend.features.fsck.objects import check_objects
from backend.features.fsck.quota import check_quota
from backend.features.fsck.tree import check_tree
from backend.features.fsck.uploads import check_multiparts, check_stuck

CHECKS: tuple[Check, ...] = (
    check_tree,
    check_quota,
    check_stuck,
    check_multiparts,
    check_objects,
)


async def fsck(inspection: Inspection) -> AsyncIterator[Finding]:
    """Run every check and give each finding as it is made.

    Raises:
        DependencyUnavailable: the bucket or the database does not answer; run it again.
    """
    for check in CHECKS:
        async for finding in check(inspection):
            yield finding
