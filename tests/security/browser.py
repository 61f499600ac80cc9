"""A real browser, and a web server that tells whether a script ran in it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

from tests.support.programs import installed

CHROMIUM = installed("chromium", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-popup-blocking "
    "--disable-dev-shm-usage --remote-debugging-port=0"
)


class Canary:
    """Serves pages at `/page/<name>`, and keeps every other path it is asked for.

    What a hostile file would do is ask for `/<its name>`: that shows here.
    """

    def __init__(self) -> None:
        self.url = ""
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = await reader.readuntil(b"\r\n\r\n")
        path = unquote(head.split(b" ", 2)[1].decode())
        kind, body = self.pages.get(path.removeprefix("/page/"), ("text/plain", b""))
        if not path.startswith("/page/"):
            self.asked.append(path.removeprefix("/"))
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    """Run one on a free loopback port."""
    bird = Canary()
    server = await asyncio.start_server(bird.handle, "127.0.0.1", 0)
    bird.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield bird


async def visit(bird: Canary, urls: Sequence[str], profile: Path, *, linger: float = 3) -> None:
    """Open every URL as a page of its own and in a frame, and give scripts time to run."""
    opened = "".join(f"<iframe src='{url}'></iframe>" for url in urls)
    popups = "".join(f"window.open('{url}');" for url in urls)
    done = f"setTimeout(() => fetch('/done'), {linger * 1000})"
    page = f"<html><body>{opened}<script>{popups}{done}</script></body></html>"
    bird.pages["host"] = ("text/html", page.encode())
    command = [str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={profile}"]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"{bird.url}/page/host",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(60):
            while "done" not in bird.asked:
                await asyncio.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
