"""How the API listens: uvicorn's settings, and bounds on what comes before a request's body.

The edge middleware bounds body size and time; it sees a request only once its head is complete.
Until then only the connection can notice that a client sends endless headers, or one byte a minute
(slowloris). uvicorn's own connection bounds neither.
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


class Server(uvicorn.Server):
    """A process that only serves, and keeps no memory that only start-up needed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open everything and listen."""
        memory.return_large_blocks()
        await super().startup(sockets)
        memory.settle()


class GuardedConnection(HttpToolsProtocol):
    """One client's connection; closed when a request's head is too large or too slow."""

    _in_head = True
    _between = False
    _head_size = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._wait()

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
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._head_size = 0
        self._deadline = self.loop.call_later(HEAD_TIMEOUT, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        head = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self.transport.write(head % status)
        self.transport.close()


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
        # Longer than a load balancer keeps idle connections (ALB: 60 s): it must close first.
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": round(settings.drain_timeout),
    }
