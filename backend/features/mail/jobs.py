"""The job that sends the mails of other features."""

import structlog

from backend.core.jobs.queue import JobTable
from backend.core.limits.rates import parse
from backend.core.services import Services
from backend.features.mail.service import SEND, count_sent

log = structlog.stdlib.get_logger(__name__)
jobs = JobTable()


@jobs.job(SEND)
async def send_mail(
    services: Services, *, to: str, subject: str, text: str, sender: str, about: str
) -> None:
    """Send a mail that `sender` caused through another feature.

    Within the window of AUTH_MAIL_RATE, the recipient gets at most one mail about the same thing,
    and no more than the rate from the same sender. These mails do not count towards the rate of
    the recipient's own account, which nobody else may use up.
    """
    rate = services.settings.auth.mail_rate
    limits = [(rate, "mail", sender, to), (_once_while(rate), "mail", sender, to, about)]
    if not all([await services.limiter.allows(*limit) for limit in limits]):
        log.info("mail not sent: its sender has just caused several")
        return
    await services.mailer.send(to, subject, text)
    for limit in limits:
        await count_sent(services.limiter, *limit)


def _once_while(rate: str) -> str:
    return f"1 per {parse(rate).get_expiry()} seconds"
