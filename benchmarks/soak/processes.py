"""The processes under soak: two APIs and two workers, each restarted once."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from backend.dev.home import LOOPBACK, Home, url_of
from backend.dev.processes import Child, running
from benchmarks.stack import free_port

SAMPLED_EVERY = 1.0
READY_SECONDS = 60


@dataclass
class Service:
    """One process of the product: what runs, and how its memory has developed."""

    name: str
    command: str
    home: Home
    env: dict[str, str]
    port: int
    memory: list[tuple[float, float]] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)
    killed: int = 0
    """How often it was ended by SIGKILL."""
    _life: AsyncExitStack = field(default_factory=AsyncExitStack)
    _child: Child | None = None

    @property
    def url(self) -> str:
        """Where it answers: the API its clients, the worker its probes."""
        return url_of(LOOPBACK, self.port)

    @property
    def serves(self) -> bool:
        """Whether clients ask it."""
        return self.command == "serve"

    async def start(self) -> None:
        """Run it until it is ready."""
        ports = {"PORT": str(self.port), "WORKER_METRICS_PORT": str(self.port)}
        command = [sys.executable, "-m", "backend.cli", self.command]
        child = running(self.name, command, self.home, env=self.env | ports, log=self.name)
        self._child = await self._life.enter_async_context(child)
        await self._child.until(self._is_ready, READY_SECONDS)

    async def restart(self, how: signal.Signals) -> None:
        """End it with a signal and start it again; remember how long it was not there."""
        began = time.monotonic()
        os.kill(self.pid, how)
        self.killed += how is signal.SIGKILL
        await self.stop()
        await self.start()
        self.outages.append((began, time.monotonic()))

    async def stop(self) -> None:
        """End it in good order."""
        await self._life.aclose()

    @property
    def pid(self) -> int:
        """Its own process id: the only child of the one that keeps it on a leash."""
        assert self._child is not None
        leash = self._child.process.pid
        return int(Path(f"/proc/{leash}/task/{leash}/children").read_text().split()[0])

    def sample(self) -> None:
        """Note its resident memory, in megabytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        self.memory.append((time.monotonic(), pages * os.sysconf("SC_PAGE_SIZE") / 1e6))

    async def _is_ready(self) -> bool:
        try:
            async with httpx.AsyncClient(verify=False) as http:
                return (await http.get(f"{self.url}/ready", timeout=3)).is_success
        except httpx.TransportError:
            return False


@asynccontextmanager
async def running_services(home: Home, env: dict[str, str]) -> AsyncIterator[list[Service]]:
    """Two APIs and two workers; their memory is sampled all the time."""
    names = (("api-1", "serve"), ("api-2", "serve"), ("worker-1", "worker"), ("worker-2", "worker"))
    services: list[Service] = []
    async with AsyncExitStack() as stack:
        for name, command in names:
            service = Service(name, command, home, env, free_port())
            await service.start()
            stack.push_async_callback(service.stop)
            services.append(service)
        sampler = asyncio.create_task(_sample(services))
        stack.callback(sampler.cancel)
        yield services


async def _sample(services: list[Service]) -> None:
    while True:
        for service in services:
            try:
                service.sample()
            except (OSError, IndexError):
                continue  # it is being restarted
        await asyncio.sleep(SAMPLED_EVERY)
