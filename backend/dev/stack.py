"""Starts the parts in order, says what there is, and waits for the first to end or for Ctrl-C."""

import asyncio
import os
import signal
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from pathlib import Path
from urllib.error import URLError

from rich.console import Console

from backend.core.database.migrations import upgrade
from backend.core.settings import DatabaseSettings, Settings
from backend.dev.demo import prepare
from backend.dev.home import LOOPBACK, CannotRun, Home, environment, open_home, port_is_free, url_of
from backend.dev.objects import object_store
from backend.dev.postgres import postgres
from backend.dev.processes import Child, running
from backend.dev.welcome import welcome

console = Console(highlight=False)

Part = AbstractAsyncContextManager[Child]

FOREIGN = ("AWS_", "DATABASE_", "S3_")
NO_PROXY = ("NO_PROXY", "no_proxy")


def run_dev(*, host: str, port: int, data_dir: Path) -> None:
    """Run everything until Ctrl-C.

    Raises:
        CannotRun: it cannot start, or a part of it stopped; the message says what to do.
    """
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(host, port, data_dir))
    console.print(f"\nStopped. Your files and accounts are kept in {data_dir}.")


async def _run(host: str, port: int, data_dir: Path) -> None:
    me = asyncio.current_task()
    assert me is not None  # noqa: S101 - a coroutine always runs in a task
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, me.cancel)
    if not port_is_free(host, port):
        raise CannotRun(
            f"Port {port} is taken: stop what listens there, or choose another with PORT, "
            f"as in `make run PORT={port + 1}`."
        )
    async with AsyncExitStack() as stack:
        home = stack.enter_context(open_home(data_dir))
        settings = environment(home, host, port)
        home.save(settings)
        surroundings = {**_inherited(), **settings}
        os.environ.clear()
        os.environ.update(surroundings)
        parts = await _start(stack, home, surroundings)
        welcome(console, settings, data_dir)
        raise await _first_end(parts)


def _inherited() -> dict[str, str]:
    """The caller's environment, without what concerns other databases, clouds and networks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    ours = f"{LOOPBACK},localhost"
    around = {name: ",".join(filter(None, (kept.get(name), ours))) for name in NO_PROXY}
    return {**kept, **around, "AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}


async def _start(stack: AsyncExitStack, home: Home, env: Mapping[str, str]) -> list[Child]:
    with console.status("Starting PostgreSQL ..."):
        database = await stack.enter_async_context(postgres(home, env["DATABASE_URL"], env))
    with console.status("Starting the S3 server ..."):
        objects = await stack.enter_async_context(object_store(home, env["S3_ENDPOINT_URL"], env))
    with console.status("Starting the API and the worker ..."):
        await asyncio.to_thread(upgrade, DatabaseSettings())
        await prepare(Settings())
        api = await stack.enter_async_context(_ourselves("The API", "serve", home, env))
        worker = await stack.enter_async_context(_ourselves("The worker", "worker", home, env))
        await api.until(lambda: asyncio.to_thread(_answers, url_of(env["HOST"], int(env["PORT"]))))
    return [database, objects, api, worker]


def _ourselves(name: str, command: str, home: Home, env: Mapping[str, str]) -> Part:
    quiet = {"LOG_FORMAT": "console", "LOG_LEVEL": "warning", "DRAIN_TIMEOUT": "3"}
    return running(name, [sys.executable, "-m", "backend.cli", command], home, env={**quiet, **env})


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - our own API
            return True
    except (URLError, OSError):
        return False


async def _first_end(parts: list[Child]) -> CannotRun:
    ends = [asyncio.create_task(part.ended()) for part in parts]
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for end in ends:
            end.cancel()
