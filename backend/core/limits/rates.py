"""Rate limits, counted in this process or, with REDIS_URL, across all processes.

`hit` stores the time of every hit, which is exact and suits small limits. `spend` stores two
counters, for limits of hundreds of thousands, where a list of times would cost more than it saves.
"""

import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import structlog
from limits import parse as parse_rule
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from pydantic import SecretStr

from backend.core.errors import TooManyRequests
from backend.core.observability import metrics

if TYPE_CHECKING:
    from backend.core.limits.shared_rates import SharedWindows

log = structlog.stdlib.get_logger(__name__)

REDIS_PAUSE = 5.0
"""Seconds without Redis after a failure, so that requests do not each wait for the timeout."""

T = TypeVar("T")

parse = lru_cache(parse_rule)


class LocalWindows(NamedTuple):
    """The two ways to count, in this process."""

    exact: MovingWindowRateLimiter
    bulk: SlidingWindowCounterRateLimiter


def _local_windows() -> LocalWindows:
    storage = MemoryStorage()
    return LocalWindows(MovingWindowRateLimiter(storage), SlidingWindowCounterRateLimiter(storage))


class RateLimiter:
    """Counts hits by rule and key.

    While Redis is unavailable, each process counts for itself: requests are still limited, only
    less strictly, and signing in does not depend on a cache.
    """

    def __init__(self, redis_url: SecretStr | None = None) -> None:
        self._local = _local_windows()
        self._shared = _shared_windows(redis_url) if redis_url else None
        self._redis_back_at = 0.0

    async def hit(self, rule: str, *keys: str) -> None:
        """Count one hit of `rule` ("10/minute") for `keys`; the first key names the purpose.

        Raises:
            TooManyRequests: the window is full; says after how many seconds to try again.
        """
        item, key = parse(rule), _digest(keys)
        passed = await self._ask(
            lambda shared: shared.exact.hit(item, key), lambda local: local.exact.hit(item, key)
        )
        if not passed:
            await self._refuse(keys[0], lambda windows: windows.exact.get_window_stats(item, key))

    async def spend(self, cost: int, rule: str, *keys: str) -> None:
        """Count `cost` hits of a large limit in one call, which never costs more than the limit.

        Raises:
            TooManyRequests: as `hit`.
        """
        item, key = parse(rule), _digest(keys)
        cost = min(cost, item.amount)
        passed = await self._ask(
            lambda shared: shared.bulk.hit(item, key, cost=cost),
            lambda local: local.bulk.hit(item, key, cost=cost),
        )
        if not passed:
            await self._refuse(keys[0], lambda windows: windows.bulk.get_window_stats(item, key))

    async def allows(self, rule: str, *keys: str) -> bool:
        """Whether a hit would pass now; counts nothing."""
        item, key = parse(rule), _digest(keys)
        return await self._ask(
            lambda shared: shared.exact.test(item, key), lambda local: local.exact.test(item, key)
        )

    async def forget(self, rule: str, *keys: str) -> None:
        """Discard every hit of `rule` for `keys`."""
        item, key = parse(rule), _digest(keys)
        await self._ask(
            lambda shared: shared.exact.clear(item, key), lambda local: local.exact.clear(item, key)
        )

    async def _refuse(self, purpose: str, stats: Callable[[Any], Any]) -> NoReturn:
        metrics.rate_limit_refusals.labels(purpose).inc()
        window = await self._ask(stats, stats)
        raise TooManyRequests(retry_after=max(1, math.ceil(window.reset_time - time.time())))

    async def _ask(
        self,
        shared: "Callable[[SharedWindows], Awaitable[T]]",
        local: Callable[[LocalWindows], T],
    ) -> T:
        if self._shared is None or time.monotonic() < self._redis_back_at:
            return local(self._local)
        try:
            return await shared(self._shared)
        except StorageError as error:
            self._redis_back_at = time.monotonic() + REDIS_PAUSE
            log.warning("Redis unavailable: counting rate limits per process", error=str(error))
            return local(self._local)


def _shared_windows(url: SecretStr) -> "SharedWindows":
    """See `shared_rates`, which is imported only here."""
    module = import_module("backend.core.limits.shared_rates")
    windows: SharedWindows = module.shared_windows(url)
    return windows


def _digest(keys: tuple[str, ...]) -> str:
    """One short key, whatever goes into it; no addresses are stored in Redis."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()
