"""All checks, one after another."""

from collections.abc import AsyncIterator
from dataclasses import replace

from backend.features.fsck.findings import Check, Finding, Inspection
from backend.features.fsck.objects import check_foreign, check_objects
from backend.features.fsck.quota import check_quota
from backend.features.fsck.repair_limits import may_delete
from backend.features.fsck.tree import check_tree
from backend.features.fsck.uploads import check_multiparts, check_stuck

CHECKS: tuple[Check, ...] = (check_tree, check_quota, check_stuck, check_foreign)
DELETING_CHECKS: tuple[Check, ...] = (check_multiparts, check_objects)
"""The checks whose repairs delete from the bucket."""


async def fsck(inspection: Inspection) -> AsyncIterator[Finding]:
    """Run every check and yield each finding as it is made.

    Raises:
        DependencyUnavailable: the bucket or the database is not responding; run it again.
    """
    for check in CHECKS:
        async for finding in check(inspection):
            yield finding
    deletes = inspection.repair and await may_delete(inspection, DELETING_CHECKS)
    for check in DELETING_CHECKS:
        async for finding in check(replace(inspection, repair=deletes)):
            yield finding
