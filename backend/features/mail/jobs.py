"""The job that sends the mails of other features."""

import asyncio
from weakref import WeakValueDictionary

import structlog

from backend.core.jobs.queue import JobTable
from backend.core.limits.rates import parse
from backend.core.services import Services
from backend.features.mail.service import SEND, count_sent
from backend.kit.text.emails import mailbox

log = structlog.stdlib.get_logger(__name__)
jobs = JobTable()

_turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
"""One lock for each sender and recipient of whom a mail is being sent by this worker."""


@jobs.job(SEND)
async def send_mail(
    services: Services, *, to: str, subject: str, text: str, sender: str, about: str
) -> None:
    """Send a mail that `sender` caused through another feature.

    Within the window of AUTH_MAIL_RATE, the recipient gets at most one mail about the same thing,
    and no more than the rate from the same sender. A recipient is a mailbox: `ada+1@` and `ada+2@`
    are the same. These mails do not count towards the rate of the recipient's own account, which
    nobody else may use up.

    Mails of one sender to one recipient go one after another, because each is counted only when it
    is sent: thirty at once would otherwise all find the rate unused. Where several workers share
    the jobs, each can send one mail too many.
    """
    rate, recipient = services.settings.auth.mail_rate, mailbox(to)
    limits = [
        (rate, "mail", sender, recipient),
        (_once_while(rate), "mail", sender, recipient, about),
    ]
    async with _turns.setdefault((sender, recipient), asyncio.Lock()):
        if not all([await services.limiter.allows(*limit) for limit in limits]):
            log.info("mail not sent: its sender has just caused several")
            return
        await services.mailer.send(to, subject, text)
        for limit in limits:
            await count_sent(services.limiter, *limit)


def _once_while(rate: str) -> str:
    return f"1 per {parse(rate).get_expiry()} seconds"
