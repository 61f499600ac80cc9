"""Our own code as two child processes: the API and the worker."""

import asyncio
import sys
import urllib.request
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.error import URLError

from backend.dev.home import CannotRun, Home, url_of
from backend.dev.processes import Child, first_end, running
from backend.dev.welcome import console

API = ("The API", "serve")
WORKER = ("The worker", "worker")
QUIET = {"LOG_FORMAT": "console", "LOG_LEVEL": "warning", "DRAIN_TIMEOUT": "3"}

Part = AbstractAsyncContextManager[Child]
End = Coroutine[Any, Any, CannotRun]


def serving(home: Home, env: Mapping[str, str], greet: Callable[[], None]) -> list[End]:
    """Coroutines that run both until one ends, and greet when the API answers."""
    return [_serve(home, env, greet)]


async def _serve(home: Home, env: Mapping[str, str], greet: Callable[[], None]) -> CannotRun:
    async with _child(API, home, env) as api, _child(WORKER, home, env) as worker:
        with console.status("Starting the API and the worker ..."):
            await until_served(api, env)
        greet()
        return await first_end([api.ended(), worker.ended()])


def _child(part: tuple[str, str], home: Home, env: Mapping[str, str]) -> Part:
    name, command = part
    return running(name, [sys.executable, "-m", "backend.cli", command], home, env={**QUIET, **env})


async def until_served(api: Child, env: Mapping[str, str]) -> None:
    """Wait until the API answers.

    Raises:
        CannotRun: it ended, or took too long.
    """
    await api.until(lambda: asyncio.to_thread(_answers, url_of(env["HOST"], int(env["PORT"]))))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - our own API
            return True
    except (URLError, OSError):
        return False
