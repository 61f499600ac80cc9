"""The commands of the product as processes of their own, against the tests' services."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from backend.core.settings import Settings


@dataclass
class Running:
    """A command under way and the lines it has written."""

    process: Process
    url: str
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """All of them."""
        return "".join(self.lines)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The variables that give a process the tests' services."""
    smtp = settings.smtp_url
    return {
        **os.environ,
        "DATABASE_URL": settings.database.url.get_secret_value(),
        "S3_ENDPOINT_URL": settings.s3.endpoint_url or "",
        "SMTP_URL": smtp.get_secret_value() if smtp else "",
        **more,
    }


async def start(settings: Settings, *command: str, **more: str) -> Process:
    """Start `we-upload COMMAND`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend.cli", *command),
        env=environment(settings, **more),
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
    )


async def run(settings: Settings, *command: str, **more: str) -> tuple[int | None, str]:
    """Run `we-upload COMMAND` to its end; give its exit code and what it wrote."""
    process = await start(settings, *command, **more)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


@asynccontextmanager
async def running(
    settings: Settings, command: str, port: int, **more: str
) -> AsyncIterator[Running]:
    """Run `serve` or `worker` until the end of the block; it answers probes on `port`."""
    url = f"http://127.0.0.1:{port}"
    ours = {"PORT": str(port), "WORKER_METRICS_PORT": str(port), "PUBLIC_URL": url, **more}
    process = await start(settings, command, **ours)
    running = Running(process, url)
    reading = asyncio.create_task(_read(running))
    try:
        await _until_alive(running)
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 30)
        finally:
            if process.returncode is None:
                process.kill()
        await reading


async def _read(running: Running) -> None:
    assert running.process.stdout
    async for line in running.process.stdout:
        running.lines.append(line.decode())


async def _until_alive(running: Running) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient() as probe:
        while True:
            assert running.process.returncode is None, running.output
            try:
                await probe.get(f"{running.url}/health")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
