"""An S3 server of our own for the tests: ministack, on a free loopback port, with new secrets."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from backend.dev.processes import LEASH

START_SECONDS = 60


class Endpoint(NamedTuple):
    """Where it listens (S3 and SQS alike), and the one key it accepts."""

    url: str
    access_key: str
    secret_key: str
    region: str


@contextmanager
def embedded_s3(data_dir: Path, region: str = "us-east-1") -> Iterator[Endpoint]:
    """Run it with its data in `data_dir`, and stop it at the end."""
    port = _free_port()
    endpoint = Endpoint(
        url=f"http://127.0.0.1:{port}",
        access_key=f"AKIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_urlsafe(30),
        region=region,
    )
    with (data_dir / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            # On a leash, so that it ends with the tests however they end.
            [sys.executable, str(LEASH), "15", "8", sys.executable, "-m", "backend.dev.store"],
            env=_environment(endpoint, port, data_dir),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, endpoint.url)
            yield endpoint
        finally:
            process.communicate()


def _environment(endpoint: Endpoint, port: int, data_dir: Path) -> dict[str, str]:
    """Without AUTH it would check no signature."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": "s3,sqs,iam,sts",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data_dir / "s3"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data_dir / "state"),
        "LOG_LEVEL": "WARNING",
        "MINISTACK_REGION": endpoint.region,
        "AWS_ACCESS_KEY_ID": endpoint.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_key,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The embedded S3 ended with {process.returncode}; see s3.log.")
        try:
            with urlopen(f"{url}/_ministack/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The embedded S3 did not answer within {START_SECONDS} seconds.")
