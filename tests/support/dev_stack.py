"""The real thing: `we-upload dev` as a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

START_SECONDS = 90


@dataclass
class Stack:
    """A running stack and what it has printed."""

    process: "subprocess.Popen[str]"
    url: str
    data_dir: Path
    printed: str

    @property
    def tour(self) -> str:
        """The block to paste."""
        return "API=" + self.printed.partition("\nAPI=")[2].partition("\n\n")[0] + "\n"

    @property
    def parts(self) -> list[psutil.Process]:
        """Every process below it."""
        parts: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return parts

    def part(self, word: str) -> psutil.Process:
        """The process, below its leash, whose command line holds `word`."""
        return next(
            part
            for part in self.parts
            if word in " ".join(part.cmdline()) and "leash.py" not in " ".join(part.cmdline())
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> str:
        """End it; return everything it has printed since the start."""
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=30)
        return rest


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def launch(
    data_dir: Path, port: int, user: tuple[str, ...] = (), *options: str, **environment: str
) -> "subprocess.Popen[str]":
    """Start it, perhaps as another user."""
    ours = {"DATA_DIR": str(data_dir), "PORT": str(port), "COLUMNS": "200", **environment}
    return subprocess.Popen(
        [*user, sys.executable, "-m", "backend.cli", "dev", *options],
        env={**os.environ, **ours},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def stack(
    data_dir: Path,
    port: int | None = None,
    user: tuple[str, ...] = (),
    *options: str,
    **environment: str,
) -> Iterator[Stack]:
    """Run it until the end of the block."""
    port = port or free_port()
    process = launch(data_dir, port, user, *options, **environment)
    try:
        printed = _read_welcome(process)
        yield Stack(process, f"http://127.0.0.1:{port}", data_dir, printed)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()


def _read_welcome(process: "subprocess.Popen[str]") -> str:
    """Everything up to the last line of the block to paste."""
    assert process.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + START_SECONDS
    for line in process.stdout:
        lines.append(line)
        if "/links" in line or time.monotonic() > deadline:
            break
    printed = "".join(lines)
    assert "We-Upload is running at" in printed, printed
    return printed


def sign_in(running: Stack) -> str:
    """The demo user's access token."""
    password = re.search(r"password (\S+)", running.printed)
    assert password
    form = {
        "grant_type": "password",
        "username": "demo@example.com",
        "password": password[1],
    }
    answer = httpx.post(f"{running.url}/v1/auth/token", data=form).raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def upload(running: Stack, content: bytes) -> str:
    """Upload as the demo user; return where to download it."""
    api = httpx.Client(
        base_url=running.url, headers={"Authorization": f"Bearer {sign_in(running)}"}
    )
    begun = api.post("/v1/uploads", json={"name": "kept.txt", "size": len(content)}).json()
    request = begun["request"]
    httpx.put(request["url"], content=content, headers=request["headers"]).raise_for_status()
    done = api.post(f"/v1/uploads/{begun['id']}/complete", json={}).json()
    return f"{running.url}/v1/files/{done['file']['id']}/download"


def download(url: str, token: str) -> bytes:
    """What is there, from wherever it leads to."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(url, headers=headers, follow_redirects=True).raise_for_status().content
