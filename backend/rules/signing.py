"""How much one account may have signed: a runaway client must not take everybody's processor."""

from backend.core.limits.rates import RateLimiter
from backend.core.settings import Settings
from backend.rules.principal import Principal

URLS_PER_REQUEST = 20
"""Signing this many takes the processor about as long as everything else a request does."""


async def limit_signing(
    limiter: RateLimiter, settings: Settings, principal: Principal, urls: int = 1
) -> None:
    """Count one request against SIGNING_RATE, and one more for each twenty URLs that it signs.

    Raises:
        TooManyRequests: the account's rate is used up.
    """
    cost = 1 + urls // URLS_PER_REQUEST
    await limiter.spend(cost, settings.signing_rate, "signing", str(principal.user_id))
