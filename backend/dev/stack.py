"""Starts the parts in order, prints a welcome, and waits for one to end or for Ctrl-C."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from backend.core.database.migrations import upgrade
from backend.core.settings import DatabaseSettings, Settings
from backend.dev.application import serving
from backend.dev.demo import prepare
from backend.dev.home import LOOPBACK, CannotRun, Home, environment, open_home, port_is_free
from backend.dev.objects import object_store
from backend.dev.postgres import postgres
from backend.dev.processes import Child, first_end
from backend.dev.reload import reloading
from backend.dev.welcome import console, exposure, welcome

FOREIGN = ("AWS_", "DATABASE_", "S3_")
NO_PROXY = ("NO_PROXY", "no_proxy")


def run_dev(
    *,
    host: str,
    port: int,
    data_dir: Path,
    store_host: str = LOOPBACK,
    reload: bool = False,
) -> None:
    """Run everything until Ctrl-C.

    Args:
        host: where the API listens.
        port: the port of the API.
        data_dir: where everything is kept.
        store_host: where the S3 server listens, which is never concluded from `host`.
        reload: whether the API and the worker restart when their code is saved.

    Raises:
        CannotRun: it cannot start, or a part of it stopped; the message says what to do.
    """
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(host, port, store_host, data_dir, reload))
    console.print(f"\nStopped. Your files and accounts are kept in {data_dir}.")


async def _run(host: str, port: int, store_host: str, data_dir: Path, reload: bool) -> None:
    me = asyncio.current_task()
    assert me is not None  # noqa: S101 - a coroutine always runs in a task
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, me.cancel)
    if not port_is_free(host, port):
        raise CannotRun(
            f"Port {port} is in use: stop what listens there, or choose another with PORT, "
            f"as in `make run PORT={port + 1}`."
        )
    async with AsyncExitStack() as stack:
        home = stack.enter_context(open_home(data_dir))
        settings = environment(home, host, port, store_host)
        home.save(settings)
        if warning := exposure(host, store_host):
            console.print(f"[yellow]{warning}[/]\n")
        surroundings = {**_inherited(), **settings}
        os.environ.clear()
        os.environ.update(surroundings)
        services = await _start(stack, home, surroundings)
        serve = reloading if reload else serving
        ends = serve(home, surroundings, partial(welcome, settings, data_dir))
        raise await first_end([*(service.ended() for service in services), *ends])


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
    with console.status("Preparing the database and the bucket ..."):
        await asyncio.to_thread(upgrade, DatabaseSettings())
        await prepare(Settings())
    return [database, objects]
