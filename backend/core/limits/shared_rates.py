"""Rate limits counted across processes, in Redis. Loaded only with REDIS_URL: it costs 12 MB."""

from typing import NamedTuple

from coredis.retry import NoRetryPolicy
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from pydantic import SecretStr

TIMEOUT = 0.5
"""Seconds a counter may take: a limit is not worth a slow request."""


class SharedWindows(NamedTuple):
    """As `backend.core.limits.rates.LocalWindows`, in Redis."""

    exact: MovingWindowRateLimiter
    bulk: SlidingWindowCounterRateLimiter


def shared_windows(url: SecretStr) -> SharedWindows:
    """Windows in the Redis server at `url`; connects on the first hit."""
    storage = RedisStorage(
        url.get_secret_value(),
        wrap_exceptions=True,
        key_prefix="we-upload",
        connect_timeout=TIMEOUT,
        stream_timeout=TIMEOUT,
        # Counting locally is better than counting late; the client's own retries add two seconds.
        retry_policy=NoRetryPolicy(),  # type: ignore[arg-type]
    )
    return SharedWindows(MovingWindowRateLimiter(storage), SlidingWindowCounterRateLimiter(storage))
