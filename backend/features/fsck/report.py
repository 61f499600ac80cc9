"""What an operator sees: progress while it runs, findings as a table or as JSON lines."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from types import TracebackType
from typing import Self

import orjson
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from backend.features.fsck.findings import REPAIRABLE, Finding, Kind

EXAMPLES = 20
"""Findings of each kind that the table lists; JSON lines list them all."""


class Reporter:
    """Counts what is read and found; progress goes to standard error, findings to `output`.

    Keeps only counters and a few examples, however much is found.
    """

    def __init__(self, output: Console, *, as_json: bool) -> None:
        self.read: Counter[str] = Counter()
        self.found: Counter[Kind] = Counter()
        self.repaired: Counter[Kind] = Counter()
        self.refused: str | None = None
        self._examples: list[Finding] = []
        self._output = output
        self._as_json = as_json
        self._tasks: dict[str, TaskID] = {}
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,.0f}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            # Standard output is for findings only.
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def progress(self, name: str, count: int) -> None:
        """Record that `count` more of `name` have been read."""
        self.read[name] += count
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name, total=None)
        self._bar.advance(self._tasks[name], count)

    def refuse(self, reason: str) -> None:
        """Record why nothing was deleted, and what to do."""
        self.refused = reason

    async def follow(self, findings: AsyncIterator[Finding]) -> None:
        """Consume every finding; in JSON mode, print each immediately."""
        async for finding in findings:
            self.found[finding.kind] += 1
            self.repaired[finding.kind] += finding.repaired
            if self._as_json:
                self._write(asdict(finding))
            elif self.found[finding.kind] <= EXAMPLES:
                self._examples.append(finding)

    def conclude(self) -> None:
        """Write the result: the last JSON line, or the tables."""
        if self._as_json:
            self._write(
                {
                    "checked": dict(self.read),
                    "found": {str(kind): count for kind, count in self.found.items()},
                    "repaired": {str(kind): n for kind, n in self.repaired.items() if n},
                    "refused": self.refused,
                }
            )
            return
        read = ", ".join(f"{count:,} {name}" for name, count in self.read.items())
        self._output.print(f"Checked {read}.")
        if not self.found:
            self._output.print("Bucket and database agree: no problems found.")
            return
        self._output.print(self._listing())
        self._output.print(self._totals())
        if self.refused:
            self._output.print(self.refused)

    def _write(self, document: object) -> None:
        self._output.out(orjson.dumps(document).decode(), highlight=False)

    def _listing(self) -> Table:
        table = Table("kind", "what", "why", "repaired", box=None)
        for finding in self._examples:
            table.add_row(
                finding.kind, finding.subject, finding.detail, "yes" if finding.repaired else "no"
            )
        return table

    def _totals(self) -> Table:
        table = Table("kind", "found", "repaired", "fixed by --repair", box=None)
        for kind, count in sorted(self.found.items()):
            mends = "yes" if kind in REPAIRABLE else "no"
            table.add_row(kind, f"{count:,}", f"{self.repaired[kind]:,}", mends)
        return table
