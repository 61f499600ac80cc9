"""The daily check: reports and counts, repairs nothing."""

import time
from collections import Counter
from datetime import timedelta

import structlog

from backend.core.jobs.queue import JobTable, Lane
from backend.core.observability import metrics
from backend.core.services import Services
from backend.features.fsck.findings import Inspection, Kind
from backend.features.fsck.service import fsck

log = structlog.stdlib.get_logger(__name__)

jobs = JobTable()

OLDER_THAN = timedelta(hours=24)
LOGGED = 100
"""Findings of each kind written to the log; `we-upload fsck` shows them all."""


@jobs.every("17 4 * * *", "fsck.report", lane=Lane.LONG)
async def report(services: Services) -> None:
    """Check everything, and set the metrics to the number of findings of each kind."""
    started = time.time()
    counts: Counter[str] = Counter(dict.fromkeys(Kind, 0))
    async for finding in fsck(Inspection(services, OLDER_THAN)):
        counts[finding.kind] += 1
        if counts[finding.kind] <= LOGGED:
            log.warning(
                "fsck found", kind=finding.kind, subject=finding.subject, detail=finding.detail
            )
    metrics.show_fsck(counts, seconds=time.time() - started)
    log.info("fsck finished", findings=counts.total())
