"""`make bench`: every operation at 1, 16 and 64 clients, each beside its floor of the same run.

The API has one core, the load generator the other one, PostgreSQL what is left of both: read the
ratios, not the absolute figures.
"""

import argparse
import asyncio
import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from backend.core.services import open_services
from backend.core.settings import Settings
from benchmarks.load import Measurement, measure
from benchmarks.operations import Operation, operations
from benchmarks.seed import seed
from benchmarks.single import single_operations
from benchmarks.stack import API, FLOOR, Server, running_stack

CLIENTS = (1, 16, 64)
RESULTS = Path("benchmarks/results")
console = Console(width=132)

Row = dict[str, Any]


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="for each figure")
    parser.add_argument("--only", help="operations whose name contains this")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    rows, singles = asyncio.run(_run(arguments.seconds, arguments.only or ""))
    circumstances = _circumstances()
    report = {**circumstances, "operations": rows, "single": singles}
    name = f"{circumstances['date'][:10]}-{circumstances['commit'][:9]}.json"
    output = arguments.output or RESULTS / name
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1) + "\n")
    _print(report)
    console.print(f"Written to {output}")


async def _run(seconds: int, only: str) -> tuple[list[Row], dict[str, float]]:
    async with (
        running_stack() as stack,
        stack.serve("api", API) as api,
        stack.serve("floor", FLOOR) as floor,
        open_services(Settings()) as services,
    ):
        await services.storage.ensure_bucket([])
        world = await seed(services, api.url)
        chosen = [one for one in operations(world) if only in one.name]
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("measuring", total=len(chosen) * len(CLIENTS))
            rows = []
            for operation in chosen:
                for clients in CLIENTS:
                    rows.append(await _measure(operation, api, floor, clients, seconds))
                    progress.advance(task)
        singles = {} if only else await single_operations(api.url, world)
        return rows, singles


async def _measure(
    operation: Operation, api: Server, floor: Server, clients: int, seconds: int
) -> Row:
    await measure(api, operation.request, clients, 1)  # warm
    ours = await measure(api, operation.request, clients, seconds)
    row: Row = {"operation": operation.name, "clients": clients, "api": ours.as_dict()}
    if operation.floor is not None:
        await measure(floor, operation.floor, clients, 1)
        bare: Measurement = await measure(floor, operation.floor, clients, seconds)
        row |= {"floor": bare.as_dict(), "ratio": ours.rate / bare.rate}
    return row


def _circumstances() -> dict[str, str]:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "machine": f"{platform.machine()}, {cpu}, Python {platform.python_version()}",
    }


def _print(report: dict[str, Any]) -> None:
    table = Table(title=f"{report['commit'][:9]} on {report['machine']}, {report['date']}")
    for heading in ("operation", "clients", "req/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms"):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    for heading in ("MB", "errors", "floor req/s", "ratio"):
        table.add_column(heading, justify="right")
    for row in report["operations"]:
        table.add_row(*_cells(row))
    console.print(table)
    for name, milliseconds in report["single"].items():
        console.print(f"  {name}: {milliseconds:.1f} ms")


def _cells(row: Row) -> list[str]:
    api, floor = row["api"], row.get("floor")
    return [
        row["operation"],
        str(row["clients"]),
        f"{api['rate']:,.0f}",
        *(f"{api[name]:.1f}" for name in ("p50", "p95", "p99")),
        f"{api['cpu_ms']:.2f}",
        f"{api['memory_mb']:.0f}",
        str(api["errors"]),
        f"{floor['rate']:,.0f}" if floor else "",
        f"{row['ratio']:.2f}" if floor else "",
    ]


if __name__ == "__main__":
    main()
