"""What the run is judged by."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.soak.processes import Service
from benchmarks.soak.traffic import Log

AFTERMATH = 1.0
"""Seconds after a restart in which an answer to an earlier request may still be lost."""
SLOWEST = 30.0
"""Seconds: the request timeout."""
GROWTH = 1.10
"""Memory at the end, as a multiple of what it was when the last restart had settled."""
SAFE = {"orphan_object", "abandoned_multipart"}
"""What a SIGKILL between S3 and the database may leave: bytes of nobody, never lost ones."""
FSCK_ENDED = {0, 3}
"""Its exit codes for nothing found and for findings."""


@dataclass
class Found:
    """All that is known at the end."""

    log: Log
    services: list[Service]
    ended: float
    """When the traffic stopped."""
    lost: int
    fsck_code: int
    fsck: dict[str, int]


def judge(found: Found) -> bool:
    """Print the table; whether every line of it is as it must be."""
    verdict, log = Verdict(), found.log
    outages = [window for service in found.services for window in service.outages]
    explained, unexplained = _divided(log.failures, outages)
    verdict.tell("processes restarted", f"{len(outages)}, half of them by SIGKILL")
    verdict.tell("answers", f"{sum(log.answers.values()):,}")
    verdict.tell("5xx and lost connections in restarts", _counted(explained))
    verdict.judge("5xx and lost connections else", _counted(unexplained), not unexplained, "none")
    verdict.judge("slowest answer", f"{log.slowest:.1f} s", log.slowest < SLOWEST, "< 30 s")
    verdict.judge("uploads whose bytes were sent", f"{len(log.sent):,}", bool(log.sent), "some")
    verdict.judge("of these lost", found.lost, not found.lost, "0")
    verdict.judge("downloads with other bytes", log.wrong_bytes, not log.wrong_bytes, "0")
    settled = max(end for _, end in outages)
    for service in found.services:
        before, after = _memory(service, settled, found.ended)
        flat = after <= before * GROWTH
        figures = f"{before:.0f} -> {after:.0f} MB"
        verdict.judge(f"memory of {service.name}", figures, flat, "at most 10 % more")
    harmless = set(found.fsck) <= SAFE and found.fsck_code in FSCK_ENDED
    verdict.judge("fsck", found.fsck or "nothing", harmless, "nothing but bytes of nobody")
    verdict.show()
    return verdict.passed


class Verdict:
    """A table of what was found and what was wanted."""

    def __init__(self) -> None:
        self.table = Table("what", "found", "wanted", "", title="Soak", title_justify="left")
        self.passed = True

    def tell(self, what: str, found: object) -> None:
        """Add a line that decides nothing."""
        self.table.add_row(what, str(found), "", "")

    def judge(self, what: str, found: object, passed: bool, wanted: str) -> None:
        """Add a line that decides."""
        self.passed &= passed
        self.table.add_row(what, str(found), wanted, "ok" if passed else "FAILED")

    def show(self) -> None:
        """Print it."""
        Console(width=110, highlight=False).print(self.table)


def _divided(
    failures: Iterable[tuple[float, str]], outages: list[tuple[float, float]]
) -> tuple[list[str], list[str]]:
    """Failures that a restart explains, and the others."""
    explained: list[str] = []
    unexplained: list[str] = []
    for moment, what in failures:
        within = any(begin - 0.1 <= moment <= end + AFTERMATH for begin, end in outages)
        (explained if within else unexplained).append(what)
    return explained, unexplained


def _memory(service: Service, since: float, until: float) -> tuple[float, float]:
    """Megabytes in the first and in the last fifth of that time."""
    fifth = (until - since) / 5
    first = [mb for at, mb in service.memory if since <= at <= since + fifth]
    last = [mb for at, mb in service.memory if until - fifth <= at <= until]
    return median(first), median(last)


def _counted(failures: list[str]) -> str:
    counts = sorted(Counter(failures).items())
    return ", ".join(f"{count} {what}" for what, count in counts) or "none"
