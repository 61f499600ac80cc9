"""What the run is judged by."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.soak.processes import Service
from benchmarks.soak.traffic import Failure, Log

AFTERMATH = 1.0
"""Seconds after a restart in which an answer to an earlier request may still be lost."""
SLOWEST = 30.0
"""Seconds: the request timeout."""
GROWTH = 1.10
"""Memory at the end, as a multiple of what it was when the last restart had settled."""
REFUSED_IN_RESTARTS = "503"
"""The only answer of the kind 5xx that a restart excuses: try again. Any other is a bug."""
FSCK_ENDED = {0, 3}
"""Its exit codes for nothing found and for findings."""


@dataclass
class Found:
    """All that is known at the end."""

    log: Log
    clients: int
    services: list[Service]
    ended: float
    """When the traffic stopped."""
    lost: int
    failed_jobs: int
    fsck_code: int
    fsck: dict[str, int]

    @property
    def abandonable(self) -> int:
        """Multipart uploads that S3 may have opened and nobody wrote down.

        A SIGKILL of an API cuts off at most one request of each client. Workers open none. Objects
        without a row are never left: what is written down is finished or discarded by the worker.
        """
        killed = sum(service.killed for service in self.services if service.serves)
        return self.clients * killed


def judge(found: Found) -> bool:
    """Print the table; whether every line of it is as it must be."""
    verdict, log = Verdict(), found.log
    restarts = [window for service in found.services for window in service.outages]
    explained, unexplained = _divided(log.failures, found.services)
    killed = sum(service.killed for service in found.services)
    verdict.tell("processes restarted", f"{len(restarts)}, {killed} of them by SIGKILL")
    verdict.tell("answers", f"{sum(log.answers.values()):,}")
    verdict.tell("503 and lost connections at an API in its restart", _counted(explained))
    verdict.judge("5xx and lost connections else", _counted(unexplained), not unexplained, "none")
    verdict.judge("slowest answer", f"{log.slowest:.1f} s", log.slowest < SLOWEST, "< 30 s")
    verdict.judge("uploads whose bytes were sent", f"{len(log.sent):,}", bool(log.sent), "some")
    verdict.judge("of these lost", found.lost, not found.lost, "0")
    verdict.tell("downloads compared, every file's at the end", f"{log.compared:,}")
    verdict.judge("of these with other bytes", log.wrong_bytes, not log.wrong_bytes, "0")
    verdict.judge("jobs that failed for good", found.failed_jobs, not found.failed_jobs, "0")
    settled = max(end for _, end in restarts)
    for service in found.services:
        before, after = _memory(service, settled, found.ended)
        flat = after <= before * GROWTH
        figures = f"{before:.0f} -> {after:.0f} MB"
        verdict.judge(f"memory of {service.name}", figures, flat, "at most 10 % more")
    others = dict(found.fsck)
    abandoned, most = others.pop("abandoned_multipart", 0), found.abandonable
    wanted = f"at most {most}: one for each client of a killed API"
    verdict.judge("fsck: abandoned multipart uploads", abandoned, abandoned <= most, wanted)
    nothing = not others and found.fsck_code in FSCK_ENDED
    verdict.judge("fsck: anything else", others or "nothing", nothing, "nothing")
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
    failures: Iterable[Failure], services: Iterable[Service]
) -> tuple[list[str], list[str]]:
    """Failures that a restart of the API that was asked explains, and the others."""
    outages = {service.url: service.outages for service in services}
    explained: list[str] = []
    unexplained: list[str] = []
    for failure in failures:
        excusable = not failure.what.isdigit() or failure.what == REFUSED_IN_RESTARTS
        under_way = any(
            begin <= failure.ended and failure.began <= end + AFTERMATH
            for begin, end in outages[failure.url]
        )
        (explained if excusable and under_way else unexplained).append(failure.what)
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
