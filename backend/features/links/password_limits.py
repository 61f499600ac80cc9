"""Guessing a link's password is slow; entering the right one is not limited.

Attempts are counted before the password is checked, so that parallel guesses cannot slip through,
and forgotten if it was right. The wrong guesses of all visitors together are counted again
afterwards, and those are never forgotten, even if someone unlocks the link in between.

    wrong passwords for one link from one network                          SHARING_UNLOCK_RATE
    wrong passwords for one link in total, before each network is slowed   SHARING_UNLOCK_LINK_RATE
    after that, for one link from one network                              SHARING_UNLOCK_SLOW_RATE

So no attacker can lock others out, however many networks they use: every visitor has a few tries.
"""

from contextlib import suppress
from uuid import UUID

from backend.core.errors import TooManyRequests
from backend.core.limits.rates import RateLimiter
from backend.core.settings import SharingSettings

PURPOSE = "link password"


class Guess:
    """The limits of one attempt to unlock a link."""

    def __init__(
        self, limiter: RateLimiter, rates: SharingSettings, link_id: UUID, network: str
    ) -> None:
        self._limiter = limiter
        self._from_network = (rates.unlock_rate, PURPOSE, str(link_id), network)
        self._at_once = (rates.unlock_link_rate, PURPOSE, str(link_id), "at once")
        self._wrong = (rates.unlock_link_rate, PURPOSE, str(link_id), "wrong")
        self._slowed = (rates.unlock_slow_rate, PURPOSE, str(link_id), network, "slowed")

    async def attempt(self) -> None:
        """Count an attempt before the password is checked.

        Raises:
            TooManyRequests: there were too many wrong passwords from this network.
        """
        await self._limiter.hit(*self._from_network)
        if not await self._limiter.allows(*self._wrong) or await self._full_at_once():
            await self._limiter.hit(*self._slowed)

    async def _full_at_once(self) -> bool:
        """Whether the passwords being checked right now, if all wrong, would be too many."""
        try:
            await self._limiter.hit(*self._at_once)
        except TooManyRequests:
            return True
        return False

    async def failed(self) -> None:
        """Count a wrong password permanently."""
        with suppress(TooManyRequests):  # concurrent guesses: the window is full already
            await self._limiter.hit(*self._wrong)

    async def succeeded(self) -> None:
        """Forget this network's attempts, and what was counted in advance for all networks."""
        await self._limiter.forget(*self._from_network)
        await self._limiter.forget(*self._at_once)
        await self._limiter.forget(*self._slowed)
