"""Lives of the real API and worker: everything is imported once, each life is one fork.

Run as `python -m tests.faults.zygote LANES` with the product's environment. A lane is a listening
socket with two API processes behind it, of which one waits to take over. Whenever one ends,
another is born. Lines on stdin begin a worker: `{"point": "complete.placed"}` dies when it gets
there, `{}` lives until SIGTERM. Lines on stdout tell of ports, births and ends.

This is where faults are armed: an API process by the header `X-Die-At` of a request, a worker by
its line. Nothing in the product can.
"""

import asyncio
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.core.services import open_services
from backend.core.settings import Settings
from backend.kit import faults
from backend.main import create_app
from backend.worker import run_worker

STANDING_BY = 2
PARENT_DIED = 1  # PR_SET_PDEATHSIG
Life = Callable[[], None]


def main(lanes: int) -> None:
    settings = Settings()
    app = DieAt(create_app(settings))
    asyncio.run(_warm_up(settings))
    gc.freeze()  # or each child's collector would copy what they share
    zygote = Zygote()
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(lanes)]
    for listener in sockets:
        for _ in range(STANDING_BY):
            zygote.bear("api", partial(_serve, app, listener))
    _say(ports=[listener.getsockname()[1] for listener in sockets])
    zygote.watch()


async def _warm_up(settings: Settings) -> None:
    """botocore reads megabytes of JSON the first time; children inherit what it has read."""
    async with open_services(settings):
        pass


def _serve(app: ASGIApp, listener: socket.socket) -> None:
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on")
    uvicorn.Server(config).run(sockets=[listener])


def _work(point: str | None) -> None:
    if point:
        faults.arm(_die_at(point))
    asyncio.run(run_worker(Settings()))


def _die_at(point: str) -> Callable[[str], None]:
    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


class DieAt:
    """Arms the step that a request names, for as long as the request takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        point = dict(scope.get("headers", [])).get(b"x-die-at")
        if point is None:
            await self._app(scope, receive, send)
            return
        faults.arm(_die_at(point.decode()))
        await self._app(scope, receive, send)
        faults.arm(lambda _name: None)


class Zygote:
    """The one parent."""

    def __init__(self) -> None:
        self._lives: dict[int, tuple[str, Life]] = {}
        self._ended, waker = socket.socketpair()
        self._ended.setblocking(False)
        waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)

    def bear(self, kind: str, life: Life) -> None:
        """Begin a life in a child of this process."""
        pid = os.fork()
        if pid == 0:
            self._live(life)
        self._lives[pid] = (kind, life)
        _say(born=kind, pid=pid)

    def _live(self, life: Life) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        try:
            life()
        finally:
            os._exit(0)

    def watch(self) -> None:
        """Bury and bear until stdin ends."""
        waiting = selectors.DefaultSelector()
        waiting.register(self._ended, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fd == sys.stdin.fileno() and not self._obey(sys.stdin.readline()):
                    self._end()
                    return
            self._bury()

    def _obey(self, line: str) -> bool:
        if not line:
            return False
        point = json.loads(line).get("point")
        self.bear("worker", lambda: _work(point))
        return True

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            self._ended.recv(4096)
        while self._lives:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            kind, life = self._lives.pop(pid)
            _say(ended=kind, pid=pid, killed=os.WIFSIGNALED(status))
            if kind == "api":
                self.bear(kind, life)

    def _end(self) -> None:
        for pid in self._lives:
            os.kill(pid, signal.SIGKILL)


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
