"""Running real workers in the process of the test."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from backend.core.jobs.backlog import backlog
from backend.core.jobs.queue import Lane, enqueue
from backend.core.services import Services
from backend.core.settings import Settings
from backend.worker import run_worker


@asynccontextmanager
async def working(
    settings: Settings, workers: int = 1, lanes: Collection[Lane] = tuple(Lane)
) -> AsyncIterator[asyncio.Event]:
    """Run workers until the end of the block."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(run_worker(settings, stop, lanes=lanes)) for _ in range(workers)]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def add(services: Services, name: str, **options: Any) -> None:
    async with services.database.transaction() as tx:
        await enqueue(tx, name, {}, **options)


async def until(condition: Any, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def done(services: Services, name: str = "note") -> bool:
    """Whether no job of that name is left."""
    return name not in {count.name for count in await backlog(services.database.autocommit)}
