"""A TCP proxy in front of a server that works: it passes everything on, or misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from tests.support.faulty_server import Behaviour

CHUNK = 65536


class Proxy:
    """Passes connections on to `upstream`, until a test says `behave(...)`."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        self._host, self._port = address.hostname or "", address.port or 80
        self._behaviour: Behaviour | None = None
        self._cut_answers = False
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""

    def behave(self, behaviour: Behaviour | None) -> None:
        """Answer for the server from now on, or with None pass everything on again."""
        self._behaviour, self._cut_answers = behaviour, False
        self._hang_up()

    def cut_answers(self) -> None:
        """Pass requests on, so that the server does what it is told, and cut its answers short."""
        self._behaviour, self._cut_answers = None, True
        self._hang_up()

    def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if self._behaviour is None:
                await self._pass_on(reader, writer)
            else:
                await reader.readuntil(b"\r\n\r\n")
                await self._behaviour(writer)
        self._open.discard(writer)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._host, self._port)
        asking = asyncio.create_task(_pour(reader, to_server))
        try:
            if self._cut_answers:
                writer.write((await server.read(CHUNK))[:20])
                await writer.drain()
                writer.transport.abort()
            else:
                await _pour(server, writer)
        finally:
            asking.cancel()
            to_server.close()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()


@asynccontextmanager
async def proxy(upstream: str) -> AsyncIterator[Proxy]:
    """Run one on a free loopback port."""
    proxy = Proxy(upstream)
    listener = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    proxy.url = f"http://{host}:{port}"
    try:
        yield proxy
    finally:
        proxy.behave(None)
        listener.close()
