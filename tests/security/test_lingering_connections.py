"""Connections meant never to end: nothing is read, nothing is finished, nothing is closed.

Each attack must cost the attacker the connection, and nobody else anything.
"""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import cycle

import httpx
import psutil
import pytest

from backend.core.http import server
from backend.core.settings import Settings
from tests.conftest import serve

HEAD = b"Host: x\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\n" + HEAD + b"\r\n"
SMALL = b"GET /health HTTP/1.1\r\n" + HEAD + b"\r\n"
LAST = b"GET /openapi.json HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n"
SLOW = (
    b"POST /v1/auth/logout HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n"
    b"Content-Length: 60\r\n\r\n{"
)
REFUSED = SLOW.replace(b"60", b"9999999")
CLIENTS = 500
PATIENCE = 90
"""Seconds until the test gives up; the server's own limits are a small part of that."""


def limit(monkeypatch: pytest.MonkeyPatch, settings: Settings, seconds: float) -> Settings:
    """Make every limit on a connection so short."""
    for name in ("HEAD_TIMEOUT", "STALL_TIMEOUT", "KEEP_ALIVE"):
        monkeypatch.setattr(server, name, seconds)
    return settings.model_copy(update={"request_timeout": seconds})


@pytest.fixture
async def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An API whose limits are short enough to watch."""
    async with serve(limit(monkeypatch, settings, 0.5)) as url:
        yield url


@pytest.fixture
async def bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The same with time for those who do no harm, on a machine that is busy with the flood."""
    async with serve(limit(monkeypatch, settings, 8)) as url:
        yield url


class Attacker:
    """One raw socket, with little room for what it does not read."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]

    async def send(self, *pieces: bytes) -> None:
        """Send each piece, and wait for an answer before the next."""
        loop = asyncio.get_running_loop()
        first, *rest = pieces
        await loop.sock_sendall(self.socket, first)
        for piece in rest:
            async with asyncio.timeout(PATIENCE):
                await loop.sock_recv(self.socket, 4096)
            await loop.sock_sendall(self.socket, piece)


@asynccontextmanager
async def attackers(url: str, count: int) -> AsyncIterator[list[Attacker]]:
    """So many, each accepted by the server."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            opened.append(Attacker(url))
            stack.callback(opened[-1].socket.close)
            await asyncio.sleep(0)  # the server, in this process, accepts
        yield opened


def still_open(attackers: list[Attacker]) -> int:
    """How many of them the server has a socket for."""
    ours = {attacker.port for attacker in attackers}
    return sum(
        connection.raddr.port in ours
        for connection in psutil.Process().net_connections("tcp4")
        if connection.raddr and connection.laddr.port not in ours
    )


async def until_closed(attackers: list[Attacker]) -> None:
    """Wait until it has none any more; everything sent has been seen by then."""
    await asyncio.sleep(0.2)  # time to accept: a connection that waits for that is nobody's
    async with asyncio.timeout(PATIENCE):
        while still_open(attackers):
            await asyncio.sleep(0.1)


ATTACKS = {
    "says nothing": (b"",),
    "one byte after the 408 of a slow body": (SLOW, b" "),
    "one byte after a body was refused": (REFUSED, b" "),
    "nothing after a body was refused": (REFUSED,),
    "six pipelined requests, nothing read": (LARGE * 6,),
    "thousands of pipelined requests, nothing read": (SMALL * 5_000,),
    "one large answer, nothing read": (LARGE,),
    "one last large answer, nothing read": (LAST,),
    "nonsense behind a large answer": (LARGE + b"\0\0\0\r\n\r\n",),
    "half a head behind a large answer": (LARGE + b"GET /he",),
}


@contextmanager
def many_files() -> Iterator[None]:
    """Room for both ends of every connection in one process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CLIENTS)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class TestAttack:
    @pytest.mark.parametrize("pieces", ATTACKS.values(), ids=ATTACKS.keys())
    async def test_costs_the_connection(self, impatient: str, pieces: tuple[bytes, ...]) -> None:
        async with attackers(impatient, 1) as (attacker,):
            await attacker.send(*pieces)
            await until_closed([attacker])

    async def test_that_hangs_up_half_way_costs_the_connection(self, impatient: str) -> None:
        async with attackers(impatient, 1) as (attacker,):
            await attacker.send(LARGE)
            attacker.socket.shutdown(socket.SHUT_WR)
            await until_closed([attacker])


class TestFlood:
    async def test_of_clients_costs_nobody_else_anything(self, bounded: str) -> None:
        memory = psutil.Process().memory_info().rss
        with many_files():
            async with (
                attackers(bounded, CLIENTS) as flood,
                httpx.AsyncClient(base_url=bounded, timeout=PATIENCE) as http,
            ):
                firsts = (pieces[0] for pieces in cycle(ATTACKS.values()))
                attacks = [
                    asyncio.create_task(attacker.send(first))
                    for attacker, first in zip(flood, firsts, strict=False)
                ]
                statuses = [(await http.get("/health")).status_code for _ in range(50)]
                await until_closed(flood)
                for attack in attacks:
                    attack.cancel()
                await asyncio.gather(*attacks, return_exceptions=True)

                assert set(statuses) == {200}
                assert (await http.get("/health")).status_code == 200
        # A quarter of a megabyte for each: what one large answer leaves behind, and its request.
        assert psutil.Process().memory_info().rss - memory < CLIENTS * 256 * 1024
