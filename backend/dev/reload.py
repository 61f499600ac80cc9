"""`make dev`: the API and the worker restart when their code is saved; the services keep running.

The next process of each is on standby with its libraries loaded (`standby`), so that a save costs
only the import of our own code.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import Any

from backend.dev.application import API, WORKER, End, until_served
from backend.dev.home import CannotRun, Home
from backend.dev.processes import Child, running
from backend.dev.standby import BEGIN
from backend.dev.welcome import console

CODE = Path(__file__).parents[1]
# Breakpoints would have no terminal to read from (see docs/developing.md).
LOUD = {
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "info",
    "DRAIN_TIMEOUT": "1",
    "PYTHONBREAKPOINT": "0",
}
BURST = 50
"""Milliseconds without a save that end a burst of saves, such as by a formatter or a checkout."""
START = 2.0
"""Seconds a worker takes to start: until then nothing else should use the processor."""

Saves = asyncio.Queue[float]
"""The times of saves, on the monotonic clock."""
Settle = Callable[[Child, float], Coroutine[Any, Any, None]]
"""Waits until a child has started; the second argument is the time of the save."""


def reloading(home: Home, env: Mapping[str, str], greet: Callable[[], None]) -> list[End]:
    """Coroutines that run both, restart them, and greet when the API first answers."""
    env = {**LOUD, **env}
    saves: tuple[Saves, Saves] = (asyncio.Queue(), asyncio.Queue())
    tell = _Teller(env, greet).tell
    return [
        _watch(saves),
        _renew(API, home, env, saves[0], tell),
        _renew(WORKER, home, env, saves[1], _let_start),
    ]


async def _watch(saves: tuple[Saves, Saves]) -> CannotRun:
    """Notify both of each burst of saves: templates, styles and mails are code, too."""
    if find_spec("watchfiles") is None:
        return CannotRun("watchfiles is not installed: run `make dev`.")
    # Not at the top: the image lacks this package, and `we-upload --help` imports this module.
    watchfiles = import_module("watchfiles")
    # `dev` itself runs all this and is not reloaded.
    watched = watchfiles.DefaultFilter(ignore_paths=[CODE / "dev"])
    try:
        async for changes in watchfiles.awatch(CODE, watch_filter=watched, step=BURST):
            _note({Path(path) for _, path in changes})
            for queue in saves:
                queue.put_nowait(time.monotonic())
    except OSError as error:
        return CannotRun(f"{CODE} cannot be watched ({error}): try WATCHFILES_FORCE_POLLING=true.")
    return CannotRun("The code is no longer watched: run it again.")


def _note(paths: set[Path]) -> None:
    for path in paths:
        _forget(path)
    rest = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    console.print(f"[bold]Saved {min(paths).relative_to(CODE.parent)}{rest}[/]")


def _forget(path: Path) -> None:
    """Drop the bytecode: Python trusts it if size and second match, as they may for two saves."""
    if path.suffix == ".py":
        Path(cache_from_source(path)).unlink(missing_ok=True)


async def _renew(
    part: tuple[str, str], home: Home, env: Mapping[str, str], saves: Saves, settle: Settle
) -> CannotRun:
    """Run a child, and replace it with the next one on each save."""
    async with AsyncExitStack() as stack:
        reserve = await stack.enter_async_context(_standing_by(part, home, env))
        since = time.monotonic()
        while True:
            async with stack.pop_all():  # ends with the block; what enters `stack` below stays
                reserve.begin()
                starting = asyncio.create_task(settle(reserve.child, since))
                saved = asyncio.create_task(saves.get())
                try:
                    await asyncio.wait({starting, saved}, return_when=asyncio.FIRST_COMPLETED)
                    next_one = await stack.enter_async_context(_standing_by(part, home, env))
                    since = await _or_death(saved, reserve.child)
                finally:
                    starting.cancel()
                    saved.cancel()
            reserve = next_one


async def _or_death(saved: "asyncio.Task[float]", child: Child) -> float:
    """Wait for the next save, and report if the child ends before it."""
    ended = asyncio.create_task(child.end())
    await asyncio.wait({saved, ended}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        console.print(f"[bold red]{ended.result()}. The next save restarts it.[/]")
    ended.cancel()
    return await saved


async def _let_start(worker: Child, _since: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(worker.process.wait(), START)


@dataclass
class _Teller:
    """Reports when the API answers: first with the greeting, then with the time it took."""

    env: Mapping[str, str]
    greet: Callable[[], None] | None

    async def tell(self, api: Child, since: float) -> None:
        with suppress(CannotRun):  # it ended: `_or_death` reports that
            await until_served(api, self.env)
            if self.greet is None:
                console.print(f"[green]Served after {time.monotonic() - since:.1f} s[/]")
            else:
                self.greet()
                self.greet = None


@dataclass(frozen=True, slots=True)
class _Reserve:
    """A child on standby."""

    child: Child
    line: int

    def begin(self) -> None:
        """Let it start."""
        with suppress(BrokenPipeError):  # it has already ended: `_or_death` reports that
            os.write(self.line, BEGIN)


@asynccontextmanager
async def _standing_by(
    part: tuple[str, str], home: Home, env: Mapping[str, str]
) -> AsyncIterator[_Reserve]:
    name, command = part
    theirs, ours = os.pipe()
    try:
        async with AsyncExitStack() as stack:
            try:
                program = [sys.executable, "-m", "backend.dev.standby", str(theirs), command]
                child = await stack.enter_async_context(
                    running(name, program, home, env=env, pass_fds=(theirs,))
                )
            finally:
                os.close(theirs)
            yield _Reserve(child, ours)
    finally:
        os.close(ours)
