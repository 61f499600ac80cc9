"""Guessing a link's password is slow; knowing it costs nothing.

Attempts are counted before the password is checked, so that parallel guesses cannot slip through
together, and forgotten when it was the right one. What all visitors together guessed wrong is
counted once more, afterwards: that is never forgotten, whoever unlocks the link in between.

    wrong passwords at one link from one network                           SHARING_UNLOCK_RATE
    wrong passwords at one link from all, before each network is slowed    SHARING_UNLOCK_LINK_RATE
    then, at one link from one network                                     SHARING_UNLOCK_SLOW_RATE

So nobody keeps the others out, however many networks they have: whoever comes has a few tries.
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
        """Count before checking.

        Raises:
            TooManyRequests: too many wrong ones from this network.
        """
        await self._limiter.hit(*self._from_network)
        if not await self._limiter.allows(*self._wrong) or await self._full_at_once():
            await self._limiter.hit(*self._slowed)

    async def _full_at_once(self) -> bool:
        """Whether those whose password is being checked could all be wrong, and too many."""
        try:
            await self._limiter.hit(*self._at_once)
        except TooManyRequests:
            return True
        return False

    async def failed(self) -> None:
        """Count a wrong password for good."""
        with suppress(TooManyRequests):  # of several at once: full is full
            await self._limiter.hit(*self._wrong)

    async def succeeded(self) -> None:
        """Forget this network's attempts, and what was counted in advance for all."""
        await self._limiter.forget(*self._from_network)
        await self._limiter.forget(*self._at_once)
        await self._limiter.forget(*self._slowed)
