"""Enqueueing mails, and counting those that were sent."""

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
    """A mail that one user causes to be sent to another; it must not contain secrets.

    `sender` and `about` are the ids of the account that causes it and of what it is about.
    """

    to: str
    subject: str
    text: str
    sender: str
    about: str


async def enqueue_mail(tx: Transaction, mail: Mail, *, dedupe_key: str) -> None:
    """Send `mail` once `tx` commits, unless another one with `dedupe_key` is waiting."""
    await enqueue(tx, SEND, asdict(mail), dedupe_key=dedupe_key)


async def count_sent(limiter: RateLimiter, rate: str, *keys: str) -> None:
    """Count a sent mail: retries and requests by strangers must not use up the rate."""
    try:
        await limiter.hit(rate, *keys)
    except TooManyRequests:
        log.info("several mails sent to one recipient at the same time")
