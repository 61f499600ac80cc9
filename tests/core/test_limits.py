import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from backend.core.errors import TooManyRequests
from backend.core.limits.rates import RateLimiter
from tests.support.programs import installed

REDIS = installed("redis-server", "valkey-server")
NOWHERE = SecretStr("redis://127.0.0.1:1/0")


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretStr]:
    """A real server on a socket of its own."""
    if REDIS is None:
        pytest.skip("2026-11-21: needs redis-server or valkey-server (Debian packages)")
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "redis.sock"
    command = [
        REDIS,
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        _wait_for(socket)
        yield SecretStr(f"redis+unix://{socket}")
        server.terminate()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, "redis-server did not start"
        time.sleep(0.02)


@pytest.fixture(params=["memory", "redis", "redis is down"])
def limiter(request: pytest.FixtureRequest) -> RateLimiter:
    """The same promises, wherever it counts."""
    if request.param == "redis":
        return RateLimiter(request.getfixturevalue("redis_url"))
    return RateLimiter(NOWHERE if request.param == "redis is down" else None)


@pytest.fixture
def key() -> str:
    return uuid4().hex


class TestHit:
    async def test_passes_up_to_the_limit(self, limiter: RateLimiter, key: str) -> None:
        await limiter.hit("2/minute", key)
        await limiter.hit("2/minute", key)

        with pytest.raises(TooManyRequests) as refused:
            await limiter.hit("2/minute", key)

        assert 1 <= int(refused.value.headers["Retry-After"]) <= 60

    async def test_counts_each_key_apart(self, limiter: RateLimiter, key: str) -> None:
        await limiter.hit("1/minute", "sign-in", key)

        await limiter.hit("1/minute", "register", key)
        await limiter.hit("1/minute", "sign-in", "somebody else", key)

    async def test_passes_again_when_the_window_has_moved_on(
        self, limiter: RateLimiter, key: str
    ) -> None:
        await limiter.hit("1/second", key)
        time.sleep(1.1)  # noqa: ASYNC251 - nothing else runs

        await limiter.hit("1/second", key)

    async def test_can_be_forgotten(self, limiter: RateLimiter, key: str) -> None:
        await limiter.hit("1/minute", key)
        await limiter.forget("1/minute", key)

        await limiter.hit("1/minute", key)

    async def test_of_a_large_limit_are_spent_many_at_once(
        self, limiter: RateLimiter, key: str
    ) -> None:
        await limiter.spend(60, "100/minute", key)

        with pytest.raises(TooManyRequests) as refused:
            await limiter.spend(60, "100/minute", key)
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
        await limiter.spend(40, "100/minute", key)

    async def test_can_be_foreseen(self, limiter: RateLimiter, key: str) -> None:
        assert await limiter.allows("1/minute", key)
        await limiter.hit("1/minute", key)

        assert not await limiter.allows("1/minute", key)


class TestRedis:
    async def test_is_shared_by_processes(self, redis_url: SecretStr, key: str) -> None:
        await RateLimiter(redis_url).hit("1/minute", key)

        with pytest.raises(TooManyRequests):
            await RateLimiter(redis_url).hit("1/minute", key)

    async def test_that_hangs_does_not_hang_us(self, key: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            url = SecretStr(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")

            async with asyncio.timeout(1.5):
                await RateLimiter(url).hit("1/minute", key)

    async def test_that_is_down_costs_time_once(self, key: str) -> None:
        limiter = RateLimiter(NOWHERE)
        await limiter.hit("100/minute", key)

        started = time.perf_counter()
        for _ in range(50):
            await limiter.hit("100/minute", key)

        assert time.perf_counter() - started < 0.5
