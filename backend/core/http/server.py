"""How the API listens: uvicorn's settings, and bounds on what comes before a request's body.

The edge middleware bounds body size and time; it sees a request only once its head is complete.
Until then only the connection can notice that a client sends endless headers, or one byte a minute
(slowloris). Nor does it see what follows its answer: a client that does not read it, or does not
finish the body that was refused. uvicorn's own connection bounds none of these.
"""

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backend.core.http import memory
from backend.core.settings import Settings

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers (the most that nginx and the AWS load balancer accept)."""
HEAD_TIMEOUT = 20.0
"""Seconds for a request's head to arrive, from its first byte or from the connection."""
STALL_TIMEOUT = 20.0
"""Seconds for a client to read another 64 KiB, or to finish a body that was already answered.

It is checked in rounds, so a connection is cut off after one to two times this long.
"""
STEP = 64 * 1024
KEEP_ALIVE = 75
"""Seconds between requests; longer than a load balancer's (ALB: 60), which must close first."""
MAX_PIPELINED = 32
"""Requests that may wait for the one before them; browsers and our clients send none ahead."""


class _Refused(Exception):
    """Makes the parser stop: uvicorn then calls `send_400_response`."""


class Server(uvicorn.Server):
    """A process that only serves, and keeps no memory that only start-up needed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open everything and listen."""
        memory.return_large_blocks()
        await super().startup(sockets)
        memory.settle()


class GuardedConnection(HttpToolsProtocol):
    """One client's connection; closed when a head is too large or too slow, or the client stalls.

    `_between`: the last request has arrived whole and no other has begun.
    """

    _in_head = True
    _between = False
    _head_size = 0
    _arriving = 0
    _refusal: bytes | None = None
    _deadline: asyncio.TimerHandle | None = None
    _round: asyncio.TimerHandle | None = None
    _pauses = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._wait()
        self._patrol(None)

    def on_message_begin(self) -> None:
        """The first byte of a request has arrived."""
        super().on_message_begin()
        self._in_head, self._between = True, False

    def on_message_complete(self) -> None:
        """The last byte of a request has arrived."""
        super().on_message_complete()
        self._between = True

    def data_received(self, data: bytes) -> None:
        """Count what arrives until the head is complete; most heads arrive in one piece."""
        last = self.cycle
        between = self._between and last.response_complete
        self._arriving = len(data)
        super().data_received(data)
        # Empty lines between two requests begin no request, but end uvicorn's wait for the next.
        begins_nothing = between and self._between and self.cycle is last
        if not (self._in_head or begins_nothing) or self.transport.is_closing():
            return
        if self._deadline is None:
            self._wait()
        self._head_size += len(data)
        if self._head_size > MAX_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """From here on the edge middleware enforces the limits."""
        # What arrived may go on with a body, or begin with another request: look closer.
        if self._head_size + self._arriving > MAX_HEAD and self._size_of_head() > MAX_HEAD:
            self._stop(b"431 Request Header Fields Too Large")
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(b"400 Bad Request")
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser has stopped: at nonsense, or because we told it to."""
        if self._refusal is None:
            super().send_400_response(msg)
        else:
            self._refuse(self._refusal)

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        self._pauses += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected."""
        self._stop_waiting()
        if self._round is not None:
            self._round.cancel()
        super().connection_lost(exc)

    def _size_of_head(self) -> int:
        """Bytes of request line and headers: each header line adds a colon, a space, and CR LF."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _stop(self, refusal: bytes) -> None:
        self._refusal = refusal
        raise _Refused

    def _wait(self) -> None:
        self._head_size = 0
        self._deadline = self.loop.call_later(HEAD_TIMEOUT, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if self.cycle is None or self.cycle.response_complete:  # else it would break into an answer
            head = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(head % status)
        self.transport.close()

    def _patrol(self, seen: object) -> None:
        """Cut the client off if we are still waiting for what we waited for in the last round.

        Closing is not enough: a transport that closes first waits for the client to read.
        """
        waiting = self._waiting_for()
        if waiting is not None and waiting == seen:
            self.transport.abort()
            return
        self._round = self.loop.call_later(STALL_TIMEOUT, self._patrol, waiting)

    def _waiting_for(self) -> object:
        """What the client has yet to do; None if it is not its turn, or another timeout runs."""
        if self.transport.is_closing() or self.flow.write_paused:
            return (self._pauses, self.transport.get_write_buffer_size() // STEP)
        answered = self.cycle is not None and self.cycle.response_complete
        if answered and not self._between and not self._in_head:
            return self.cycle
        return None


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """The options of every uvicorn server that faces clients."""
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": GuardedConnection,
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # Our own code knows which proxies to trust.
        "proxy_headers": False,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": round(settings.drain_timeout),
    }
