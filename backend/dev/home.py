"""DATA_DIR: one run at a time, with ports and secrets that stay the same from run to run."""

import errno
import fcntl
import os
import secrets
import shlex
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
PATIENCE = 10
"""Seconds to wait for another run to end."""
LEAST_FREE = 256 * 1024**2
"""Bytes that must be free to start: PostgreSQL creates 40 MB and needs room for its log."""


class CannotRun(Exception):
    """Why the stack cannot run and what to do about it, in one sentence."""


@dataclass(frozen=True, slots=True)
class Home:
    """DATA_DIR, locked by this run. Children inherit `lock`, so it lasts as long as any of them."""

    path: Path
    lock: int

    @property
    def environment_file(self) -> Path:
        """The stack's settings, to `source` before operator commands."""
        return self.path / "environment"

    def log(self, name: str) -> Path:
        """The file for one child's output."""
        return self.folder("logs") / f"{name}.log"

    def folder(self, name: str) -> Path:
        """A subfolder, created if missing."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def load(self) -> dict[str, str]:
        """The settings saved by earlier runs.

        Raises:
            CannotRun: they are lost, and with them the password of the existing database.
        """
        if not self.environment_file.exists():
            if (self.path / "postgres").exists():
                raise CannotRun(
                    f"{self.environment_file}, which contains the database password, is missing: "
                    "restore it, or choose another DATA_DIR."
                )
            return {}
        lines = self.environment_file.read_text().splitlines()
        pairs = (shlex.split(line)[0].partition("=") for line in lines if "=" in line)
        return {name: value for name, _, value in pairs}

    def save(self, environment: Mapping[str, str]) -> None:
        """Save the settings for the next run, readable only by the owner."""
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items())
        draft = self.path / "environment.new"
        draft.touch(mode=0o600)
        draft.write_text(text)
        draft.replace(self.environment_file)


@contextmanager
def open_home(path: Path) -> Iterator[Home]:
    """Prepare DATA_DIR and lock it.

    Raises:
        CannotRun: it cannot be written, its disk is full, or another run has locked it.
    """
    path = path.expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_space(path)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_trouble(error, path) from error
    try:
        _hold(lock, path)
        yield Home(path, lock)
    finally:
        os.close(lock)


def _require_space(path: Path) -> None:
    if shutil.disk_usage(path).free < LEAST_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _hold(lock: int, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # perhaps by a run that is just being stopped
            if time.monotonic() > deadline:
                raise CannotRun(
                    f"Another run is using {path}: stop it, or choose another DATA_DIR."
                ) from None
            time.sleep(0.1)
        else:
            return


def disk_trouble(error: OSError, path: Path) -> CannotRun:
    """What a file system error means to the user who typed the command."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotRun(
            f"The disk with {path} is full: free up at least {LEAST_FREE // 1024**2} MiB, "
            "or choose another DATA_DIR."
        )
    return CannotRun(
        f"{path} cannot be used ({error.strerror}): choose another DATA_DIR, "
        "or give this user permission to write there."
    )


def environment(home: Home, host: str, port: int, store_host: str = LOOPBACK) -> dict[str, str]:
    """The settings of the stack: those saved by earlier runs, and new ones for what is missing.

    Ports stay the same if they are free, so that links created before a restart still work.
    """
    kept = home.load()
    database = _port_of(kept.get("DATABASE_URL"), LOOPBACK)
    objects = _port_of(kept.get("S3_ENDPOINT_URL"), store_host)
    password = urlsplit(kept.get("DATABASE_URL", "")).password or secrets.token_urlsafe(24)
    public_url = os.environ.get("PUBLIC_URL") or url_of(host, port)
    # Presigned URLs name a host at which the S3 server answers, even if that is this machine alone.
    reached = urlsplit(public_url).hostname if store_host == host else None
    return {
        "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_urlsafe(48),
        "DATABASE_URL": f"postgresql://postgres:{password}@{LOOPBACK}:{database}/postgres",
        "S3_BUCKET": "we-upload",
        "S3_ENDPOINT_URL": url_of(store_host, objects),
        "S3_PUBLIC_ENDPOINT_URL": url_of(reached or store_host, objects),
        "S3_CHECK_SIGNED_HEADERS": "false",  # known to take any, and meant for this machine
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": kept.get("AWS_ACCESS_KEY_ID") or f"AK{secrets.token_hex(9).upper()}",
        "AWS_SECRET_ACCESS_KEY": kept.get("AWS_SECRET_ACCESS_KEY") or secrets.token_urlsafe(30),
        "HOST": host,
        "STORE_HOST": store_host,
        "PORT": str(port),
        "PUBLIC_URL": public_url,
        "DEMO_PASSWORD": kept.get("DEMO_PASSWORD") or secrets.token_urlsafe(9),
    }


def url_of(host: str, port: int) -> str:
    """The URL at which this machine reaches a server that listens on `host`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared only
        host = LOOPBACK
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _port_of(url: str | None, host: str) -> int:
    """The port of `url` if it is free on `host`, otherwise a free one."""
    if url and (port := urlsplit(url).port) and port_is_free(host, port):
        return port
    with _listener(host) as probe:
        probe.bind((host, 0))
        number: int = probe.getsockname()[1]
        return number


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with _listener(host) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise CannotRun(
                f"cannot listen on {host}:{port} ({error.strerror}): choose another HOST or PORT."
            ) from error
        return True


def _listener(host: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return listener
