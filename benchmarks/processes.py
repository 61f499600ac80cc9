"""`make bench-processes`: one API process, then two on two cores, under the same number of clients.

The load generator and PostgreSQL run on the same two cores. Signing parts wants next to nothing of
either, so it shows what a second process gives; for the others the CPU a request costs tells:
where it stays the same, the processes do not stand in each other's way.
"""

import asyncio
import json

import httpx
from rich.console import Console
from rich.table import Table

from backend.core.services import open_services
from backend.core.settings import Settings
from benchmarks.load import Measurement, Request, measure
from benchmarks.operations import JSON, operations
from benchmarks.seed import World, bearer, seed
from benchmarks.stack import API, Server, running_stack

CLIENTS = 32
SECONDS = 5
MEASURED = ("sign 1,000 parts", "download-url", "begin (put)")
MIB = 2**20


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
        requests["sign 1,000 parts"] = await _sign_parts(first.url, world)
        for name in MEASURED:
            alone = await _together([first], requests[name])
            both = await _together([first, second], requests[name])
            for found in (alone, both):
                ratio = _rate(found) / _rate(alone)
                table.add_row(name, str(len(found)), *_cells(found, ratio))
    Console(width=100).print(table)


async def _sign_parts(api: str, world: World) -> Request:
    """All parts of one upload, again and again."""
    me = bearer(world.tokens[0])
    film = {"name": "film.mkv", "size": 1_000 * 16 * MIB, "method": "multipart"}
    async with httpx.AsyncClient(base_url=api, headers=me) as http:
        upload = (await http.post("/v1/uploads", json=film)).raise_for_status().json()
    wanted = json.dumps({"first": 1, "last": upload["part_count"]})
    return Request("POST", f"/v1/uploads/{upload['id']}/parts", [(me | JSON, wanted)])


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
