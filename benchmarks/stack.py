"""The stack under measurement: PostgreSQL and S3 as `make run` starts them, one pinned API."""

import asyncio
import os
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from backend.core.database.migrations import upgrade
from backend.core.settings import DatabaseSettings
from backend.dev.home import LOOPBACK, Home, environment, open_home, port_is_free, url_of
from backend.dev.objects import object_store
from backend.dev.postgres import postgres
from backend.dev.processes import Child, running

API_CORE, LOAD_CORE = "0", "1"
API = ("backend.cli", "serve")
FLOOR = (
    *("uvicorn", "--factory", "benchmarks.floor:create_floor", "--loop", "uvloop"),
    *("--http", "httptools", "--no-access-log", "--no-server-header", "--no-proxy-headers"),
)
# The limits are for strangers; here one address stands for all of them.
UNLIMITED = "1000000/second"


@dataclass(frozen=True, slots=True)
class Server:
    """A process under load: its address and its own process id."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time it has used so far (proc(5): fields 14 and 15, in ticks)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Stack:
    """PostgreSQL and S3, running, with their settings in this process's environment."""

    home: Home
    env: dict[str, str]

    @asynccontextmanager
    async def serve(
        self, name: str, module: Sequence[str], core: str = API_CORE
    ) -> AsyncIterator[Server]:
        """Run a server, `API` or `FLOOR`, pinned to one core."""
        port = free_port()
        command = ["taskset", "-c", core, sys.executable, "-m", *module]
        url = url_of(LOOPBACK, port)
        env = {**self.env, "PORT": str(port), "UVICORN_PORT": str(port), "LOG_LEVEL": "info"}
        async with running(name, command, self.home, env=env, log=name) as child:
            await child.until(lambda: asyncio.to_thread(_answers, url))
            yield Server(url, _worker_of(child))


@asynccontextmanager
async def running_stack() -> AsyncIterator[Stack]:
    """Start PostgreSQL and S3 in a temporary folder and migrate."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="we-upload-bench-"))
        home = stack.enter_context(open_home(Path(folder)))
        settings = environment(home, LOOPBACK, free_port())
        limits = ("AUTH_SIGN_IN_RATE", "AUTH_REGISTER_RATE", "SIGNING_RATE")
        settings |= dict.fromkeys(limits, UNLIMITED) | {"DEFAULT_QUOTA_BYTES": str(10**17)}
        os.environ.update(settings)
        env = {**os.environ}
        await stack.enter_async_context(postgres(home, env["DATABASE_URL"], env))
        await stack.enter_async_context(object_store(home, env["S3_ENDPOINT_URL"], env))
        await asyncio.to_thread(upgrade, DatabaseSettings())
        yield Stack(home, env)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    return next(port for port in _ports() if port_is_free(LOOPBACK, port))


def _ports() -> Iterator[int]:
    start = 20_000 + os.getpid() % 10_000
    return iter(range(start, start + 1_000))


def _worker_of(child: Child) -> int:
    """The server's own process: the only child of the one that keeps it on a leash."""
    leash = child.process.pid
    children = Path(f"/proc/{leash}/task/{leash}/children").read_text().split()
    return int(children[0])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2):
            return True
    except (URLError, OSError):
        return False
