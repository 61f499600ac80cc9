"""Rate limits: moving windows, counted in this process or, with REDIS_URL, across all of them."""

import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter as LocalWindow
from pydantic import SecretStr

from backend.core import metrics
from backend.core.errors import TooManyRequests

if TYPE_CHECKING:
    from limits.aio.strategies import MovingWindowRateLimiter as SharedWindow

log = structlog.stdlib.get_logger(__name__)

REDIS_PAUSE = 5.0
"""Seconds without Redis after a failure, so that not every request waits for the timeout."""

T = TypeVar("T")


class RateLimiter:
    """Counts hits by rule and key.

    While Redis does not answer, each process counts for itself: requests are still limited, only
    more loosely, and signing in does not depend on a cache.
    """

    def __init__(self, redis_url: SecretStr | None = None) -> None:
        self._local = LocalWindow(MemoryStorage())
        self._shared = _shared_window(redis_url) if redis_url else None
        self._redis_back_at = 0.0

    async def hit(self, rule: str, *keys: str) -> None:
        """Count one hit of `rule` ("10/minute") by `keys`; the first key names the purpose.

        Raises:
            TooManyRequests: the window is full; says in how many seconds it no longer is.
        """
        item, key = parse(rule), _digest(keys)
        if not await self._ask(
            lambda shared: shared.hit(item, key), lambda: self._local.hit(item, key)
        ):
            metrics.rate_limit_refusals.labels(keys[0]).inc()
            raise TooManyRequests(retry_after=await self._retry_after(item, key))

    async def allows(self, rule: str, *keys: str) -> bool:
        """Whether a hit would pass now; counts nothing."""
        item, key = parse(rule), _digest(keys)
        return await self._ask(
            lambda shared: shared.test(item, key), lambda: self._local.test(item, key)
        )

    async def forget(self, rule: str, *keys: str) -> None:
        """Take back every hit of `rule` by `keys`."""
        item, key = parse(rule), _digest(keys)
        await self._ask(
            lambda shared: shared.clear(item, key), lambda: self._local.clear(item, key)
        )

    async def _retry_after(self, item: RateLimitItem, key: str) -> int:
        stats = await self._ask(
            lambda shared: shared.get_window_stats(item, key),
            lambda: self._local.get_window_stats(item, key),
        )
        return max(1, math.ceil(stats.reset_time - time.time()))

    async def _ask(
        self, shared: "Callable[[SharedWindow], Awaitable[T]]", local: Callable[[], T]
    ) -> T:
        if self._shared is None or time.monotonic() < self._redis_back_at:
            return local()
        try:
            return await shared(self._shared)
        except StorageError as error:
            self._redis_back_at = time.monotonic() + REDIS_PAUSE
            log.warning("rate limits are counted per process: no Redis", error=str(error))
            return local()


def _shared_window(url: SecretStr) -> "SharedWindow":
    """See `backend.core.shared_limits`, which only this loads."""
    module = import_module("backend.core.shared_limits")
    window: SharedWindow = module.shared_window(url)
    return window


def _digest(keys: tuple[str, ...]) -> str:
    """One short key whatever the caller put into it; addresses do not stand in Redis."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()
