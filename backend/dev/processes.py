"""Child processes of the dev stack: each is watched, none is left behind."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.dev.home import CannotRun, Home

LEASH = Path(__file__).with_name("leash.py")
GRACE = 8.0
"""Seconds a child has to stop on request."""
POLL = 0.05
SIGNALLED = 192  # 256 minus 64, the highest signal


@dataclass(frozen=True, slots=True)
class Child:
    """A running part of the stack; `log` is where its output goes, None for the terminal."""

    name: str
    process: Process
    log: Path | None

    async def end(self) -> str:
        """Wait until it stops by itself, and return how."""
        return f"{self.name} stopped unexpectedly ({_how(await self.process.wait())})"

    async def ended(self) -> CannotRun:
        """Wait until it stops by itself, which ends the run."""
        reason = await self.end()
        if self.log is None:
            return CannotRun(f"{reason}. Its output is above. Nothing is lost: run it again.")
        return CannotRun(
            f"{reason}. Nothing is lost: run it again, and if it stops again, see {self.log}."
            f" Its last output: {_last_line(self.log)}"
        )

    async def until(self, ready: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
        """Wait until `ready()` returns true.

        Raises:
            CannotRun: it stopped before that, or took longer than `seconds`.
        """
        end = asyncio.create_task(self.ended())
        try:
            async with asyncio.timeout(seconds):
                while not await ready():
                    if end.done():
                        raise end.result()
                    await asyncio.sleep(POLL)
        except TimeoutError:
            where = f": see {self.log}" if self.log else ""
            raise CannotRun(
                f"{self.name} was not ready after {seconds:g} seconds{where}."
            ) from None
        finally:
            end.cancel()


@asynccontextmanager
async def running(
    name: str,
    command: Sequence[str],
    home: Home,
    *,
    env: Mapping[str, str],
    stop: signal.Signals = signal.SIGTERM,
    log: str | None = None,
    pass_fds: Sequence[int] = (),
) -> AsyncIterator[Child]:
    """Run `command`; stop it on exit, or when this process ends, however it ends.

    Args:
        name: its name in messages.
        command: the program and its arguments.
        home: the DATA_DIR whose lock it holds.
        env: its complete environment.
        stop: the signal that asks it to stop.
        log: the name of the file in DATA_DIR/logs for its output; None for the terminal.
        pass_fds: our file descriptors that it inherits with the same numbers.
    """
    path = home.log(log) if log else None
    output = path.open("wb") if path else None
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(LEASH), str(int(stop)), str(GRACE), *command),
            env=env,
            stdin=PIPE,
            stdout=output,
            stderr=STDOUT if output else None,
            pass_fds=(home.lock, *pass_fds),
            # Ctrl-C in the terminal reaches only this process, which then stops them in order.
            start_new_session=True,
        )
    finally:
        if output:
            output.close()
    try:
        yield Child(name, process, path)
    finally:
        assert process.stdin is not None  # noqa: S101 - opened as a pipe above
        process.stdin.close()
        await process.wait()


async def first_end(ends: Sequence[Coroutine[Any, Any, CannotRun]]) -> CannotRun:
    """Run all until the first returns; the others have cleaned up by the time this returns."""
    tasks = [asyncio.create_task(end) for end in ends]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _how(code: int) -> str:
    """What an exit code means. A signal is negative; the leash passes it on as a byte."""
    number = 256 - code if code > SIGNALLED else -code
    return (number > 0 and signal.strsignal(number)) or f"exit code {code}"


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() or ["(none)"]
    return lines[-1].strip()
