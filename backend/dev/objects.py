"""An S3 server from a wheel (ministack), with its objects in DATA_DIR."""

import asyncio
import sys
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.error import URLError
from urllib.parse import urlsplit

from backend.dev.home import Home
from backend.dev.processes import Child, running


@asynccontextmanager
async def object_store(home: Home, url: str, env: Mapping[str, str]) -> AsyncIterator[Child]:
    """Run the server for `url` and wait until it answers."""
    async with running(
        "The S3 server",
        [sys.executable, "-m", "backend.dev.store"],
        home,
        env={**env, **_environment(home, url, env)},
        log="s3",
    ) as server:
        await server.until(lambda: asyncio.to_thread(_answers, url))
        yield server


def _environment(home: Home, url: str, env: Mapping[str, str]) -> dict[str, str]:
    """Without AUTH it would check no signatures."""
    return {
        "AUTH": "true",
        "BIND_HOST": env["STORE_HOST"],
        "GATEWAY_PORT": str(urlsplit(url).port),
        "SERVICES": "s3,sqs,iam,sts",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.folder("objects")),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.folder("s3")),
        "MINISTACK_REGION": env["AWS_REGION"],
        "TMPDIR": str(home.folder("tmp")),
        "HOME": str(home.folder("tmp")),
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):  # noqa: S310 - ours
            return True
    except (URLError, OSError):
        return False
