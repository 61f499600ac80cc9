"""The test's side of the zygote: lanes to call, workers to begin, the dead to count."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.core.settings import Settings

START_SECONDS = 60


def environment(settings: Settings) -> dict[str, str]:
    """The product's environment for these settings; who is killed could save no coverage."""
    left_out = ("SMTP", "COVERAGE_")
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(left_out)}
    rates = {
        f"AUTH_{name.upper()}": str(value)
        for name, value in settings.auth.model_dump().items()
        if name.endswith("_rate")
    }
    return (
        kept
        | rates
        | {
            "DATABASE_URL": settings.database.url.get_secret_value(),
            "DATABASE_POOL_SIZE": "5",
            "S3_ENDPOINT_URL": settings.s3.endpoint_url or "",
            "S3_BUCKET": settings.s3.bucket,
            "S3_MAX_CONCURRENCY": "8",
            "AUTH_ACCESS_TOKEN_TTL": "PT2H",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "error"),
            "DRAIN_TIMEOUT": "2",
        }
    )


class Lives:
    """Processes of the product that may die at any time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.urls: list[str] = []
        self.killed: Counter[str] = Counter()
        self._workers: dict[int, asyncio.Future[bool]] = {}
        self._born: asyncio.Queue[int] = asyncio.Queue()

    async def listen(self) -> None:
        """Follow what the zygote says until it ends."""
        assert self._process.stdout
        async for line in self._process.stdout:
            said = json.loads(line)
            if "ports" in said:
                self.urls = [f"http://127.0.0.1:{port}" for port in said["ports"]]
            elif said.get("born") == "worker":
                self._workers[said["pid"]] = asyncio.get_running_loop().create_future()
                self._born.put_nowait(said["pid"])
            elif "ended" in said:
                self.killed[said["ended"]] += said["killed"]
                if said["ended"] == "worker":
                    self._workers[said["pid"]].set_result(said["killed"])

    @asynccontextmanager
    async def worker(self, point: str | None = None) -> AsyncIterator["asyncio.Future[bool]"]:
        """A worker that dies at `point`; the future tells whether it was killed. One at a time."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"point": point}).encode() + b"\n")
        pid = await self._born.get()
        ended = self._workers[pid]
        try:
            yield ended
        finally:
            if not ended.done():
                os.kill(pid, 15)
                await ended


@asynccontextmanager
async def lives(settings: Settings, lanes: int, log: Path) -> AsyncIterator[Lives]:
    """Run the zygote with so many lanes."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.zygote", str(lanes)),
            env=environment(settings),
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
        )
    lives = Lives(process)
    listener = asyncio.create_task(lives.listen())
    try:
        async with asyncio.timeout(START_SECONDS):
            while not lives.urls:
                assert process.returncode is None, f"see {log}"
                await asyncio.sleep(0.05)
        yield lives
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()
        await listener
