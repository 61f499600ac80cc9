"""How much one account may have signed: a client gone wild must not take everybody's processor."""

from backend.core.services import Services
from backend.rules.principal import Principal

URLS_PER_REQUEST = 20
"""Signing so many takes a processor about as long as everything else a request does."""


async def limit_signing(services: Services, principal: Principal, urls: int = 1) -> None:
    """Count one request, and more for one that has many URLs signed, against SIGNING_RATE.

    Raises:
        TooManyRequests: it is used up.
    """
    rate = services.settings.signing_rate
    cost = 1 + urls // URLS_PER_REQUEST
    await services.limiter.spend(cost, rate, "signing", str(principal.user_id))
