"""Object stores that accept what nobody signed: a process must not serve with one in production."""

import asyncio
import os
import secrets
import subprocess
import sys

import pytest

from backend.core.s3.strictness import accepts_unsigned_headers
from backend.core.services import Services
from backend.core.settings import S3Settings, Settings
from tests.support.faulty_server import answers, faulty_server


async def asked(settings: S3Settings) -> bool:
    return await asyncio.to_thread(accepts_unsigned_headers, settings)


class TestTheCheck:
    async def test_finds_the_embedded_store_lenient_and_leaves_nothing_behind(
        self, settings: Settings, services: Services
    ) -> None:
        async def keys() -> set[str]:
            return {one.key async for page in services.storage.list_objects() for one in page}

        before = await keys()

        assert await asked(settings.s3)
        assert await keys() == before

    @pytest.mark.parametrize("status", [400, 403])
    async def test_passes_a_store_that_refuses(self, settings: Settings, status: int) -> None:
        async with faulty_server(answers(status)) as store:
            strict = settings.s3.model_copy(update={"endpoint_url": store.url})
            assert not await asked(strict)
            assert len(store.requests) == 1

    async def test_asks_at_the_address_that_the_process_uses(self, settings: Settings) -> None:
        nowhere = "http://127.0.0.1:9"
        async with faulty_server(answers(403)) as store:
            changes = {"endpoint_url": store.url, "public_endpoint_url": nowhere}
            assert not await asked(settings.s3.model_copy(update=changes))

    async def test_judges_no_store_that_fails(self, settings: Settings) -> None:
        async with faulty_server(answers(503)) as store:
            failing = settings.s3.model_copy(update={"endpoint_url": store.url})
            with pytest.raises(OSError, match="503"):
                await asked(failing)
        with pytest.raises(OSError, match="refused"):
            await asked(failing)


class TestServe:
    async def test_ends_in_production_before_it_listens(
        self, settings: Settings, services: Services
    ) -> None:  # `services` have made the bucket
        surroundings = {
            **os.environ,
            "ENVIRONMENT": "production",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "S3_ENDPOINT_URL": str(settings.s3.endpoint_url),
            "S3_CHECK_SIGNED_HEADERS": "true",
        }
        command = [sys.executable, "-m", "backend.cli", "serve"]

        ended = await asyncio.to_thread(
            subprocess.run, command, env=surroundings, capture_output=True, text=True, timeout=60
        )

        assert ended.returncode == 1
        assert "accepts headers that were not signed" in ended.stderr
        assert "Traceback" not in ended.stderr
