"""`scripts/smoke.py`, which CI and every deployment trust, against a running API."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from backend.core.settings import AuthSettings, Settings
from tests.conftest import serve

SCRIPT = Path(__file__).parents[2] / "scripts/smoke.py"


async def smoke(url: str) -> tuple[int | None, str]:
    """How the script ends, and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, url, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_deployment_that_works_passes(api_url: str) -> None:
    status, output = await smoke(api_url)
    assert status == 0, output
    assert "the same bytes came back" in output


async def test_deployment_that_refuses_a_step_fails(settings: Settings) -> None:
    closed = settings.model_copy(update={"auth": AuthSettings(registration="closed")})
    async with serve(closed) as url:
        status, output = await smoke(url)
    assert status == 1
    assert "FAILED  POST /v1/auth/register: expected 201, got 403" in output
