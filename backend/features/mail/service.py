"""Enqueueing a mail, and counting those that were sent."""

from dataclasses import asdict, dataclass

import structlog

from backend.core.database.engine import Transaction
from backend.core.errors import TooManyRequests
from backend.core.jobs.queue import enqueue
from backend.core.limits.rates import RateLimiter

log = structlog.stdlib.get_logger(__name__)

SEND = "mail.send"


@dataclass(frozen=True, slots=True)
class Mail:
    """What one person causes to be sent to another; it must hold no secret.

    `sender` and `about` are ids: of the account that causes it, and of what it is about.
    """

    to: str
    subject: str
    text: str
    sender: str
    about: str


async def enqueue_mail(tx: Transaction, mail: Mail, *, dedupe_key: str) -> None:
    """Have `mail` sent if `tx` commits; but not while another with `dedupe_key` waits."""
    await enqueue(tx, SEND, asdict(mail), dedupe_key=dedupe_key)


async def count_sent(limiter: RateLimiter, rate: str, *keys: str) -> None:
    """Count mails that were sent: a retry, or a stranger's request, must not use up the rate."""
    try:
        await limiter.hit(rate, *keys)
    except TooManyRequests:
        log.info("several mails to one recipient at once")
