"""`make bench-processes`: one API process, then two on two cores, under the same number of clients.

The load generator and PostgreSQL run on the same two cores, so two processes cannot give twice the
requests here. What tells is the CPU a request costs: where it stays the same, the processes do not
stand in each other's way, and more cores give more requests.
"""

import asyncio

from rich.console import Console
from rich.table import Table

from backend.core.services import open_services
from backend.core.settings import Settings
from benchmarks.load import Measurement, Request, measure
from benchmarks.operations import operations
from benchmarks.seed import seed
from benchmarks.stack import API, Server, running_stack

CLIENTS = 32
SECONDS = 5
MEASURED = ("download-url", "begin (put)", "begin (1,000 parts)")


async def main() -> None:
    """Measure and print."""
    table = Table("operation", "processes", "req/s", "ratio", "p50 ms", "p99 ms", "API CPU ms")
    async with (
        running_stack() as stack,
        stack.serve("api-1", API, core="0") as first,
        stack.serve("api-2", API, core="1") as second,
        open_services(Settings()) as services,
    ):
        await services.storage.ensure_bucket([])
        world = await seed(services, first.url)
        requests = {one.name: one.request for one in operations(world)}
        for name in MEASURED:
            alone = await _together([first], requests[name])
            both = await _together([first, second], requests[name])
            for found in (alone, both):
                ratio = _rate(found) / _rate(alone)
                table.add_row(name, str(len(found)), *_cells(found, ratio))
    Console(width=100).print(table)


async def _together(servers: list[Server], request: Request) -> list[Measurement]:
    clients = CLIENTS // len(servers)
    for seconds in (1, SECONDS):  # the first warms up
        found = await asyncio.gather(
            *(measure(server, request, clients, seconds) for server in servers)
        )
    return found


def _rate(found: list[Measurement]) -> float:
    return sum(one.rate for one in found)


def _cells(found: list[Measurement], ratio: float) -> list[str]:
    cpu = sum(one.cpu_ms * one.rate for one in found) / _rate(found)
    slowest = max(one.p99 for one in found)
    median = max(one.p50 for one in found)
    rate = f"{_rate(found):,.0f}"
    return [rate, f"{ratio:.2f}", f"{median:.1f}", f"{slowest:.1f}", f"{cpu:.2f}"]


if __name__ == "__main__":
    asyncio.run(main())
