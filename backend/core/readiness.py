"""Can this process serve? Checks everything it depends on, at most once a second."""

import asyncio
import time
from collections.abc import Awaitable

import structlog
from sqlalchemy import text

from backend.core.database.engine import Database
from backend.core.database.revisions import current_revision, outgrown_revisions
from backend.core.s3.storage import Storage
from backend.kit.vocabulary import CheckState

log = structlog.stdlib.get_logger(__name__)

Report = dict[str, CheckState]

DEADLINE = 3.0
"""Seconds one check may take: probes give up after five."""
KEPT = 1.0
"""Seconds a report is reused, so that nobody can overload the dependencies through the probe."""


class NotMigrated(Exception):
    """Run `we-upload migrate`: the database has an older schema than this code needs."""


class Readiness:
    """The last report, and how to make the next one."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._outgrown = outgrown_revisions()
        self._lock = asyncio.Lock()
        self._made_at = float("-inf")
        self._report: Report = {}

    async def report(self) -> Report:
        """The state of each dependency."""
        async with self._lock:
            if time.monotonic() - self._made_at > KEPT:
                self._report = await self._ask()
                self._made_at = time.monotonic()
        return self._report

    async def _ask(self) -> Report:
        checks = {
            "database": self._database.autocommit.execute(text("SELECT 1")),
            "migrations": self._migrated(),
            "storage": self._storage.check(),
        }
        findings = await asyncio.gather(*(_bounded(check) for check in checks.values()))
        return dict(zip(checks, findings, strict=True))

    async def _migrated(self) -> None:
        current = await current_revision(self._database.autocommit)
        if current is None or current in self._outgrown:
            raise NotMigrated


async def _bounded(check: Awaitable[object]) -> CheckState:
    try:
        async with asyncio.timeout(DEADLINE):
            await check
    except Exception as error:  # noqa: BLE001 - whatever went wrong, it is not ready
        log.warning("not ready", error=type(error).__name__)
        return CheckState.UNAVAILABLE
    return CheckState.OK
