"""The job that sends what other features wrote."""

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
    """Send what another feature wrote because `sender` did something.

    While AUTH_MAIL_RATE counts, once about the same thing, and no more than that from the one to
    the other. Counted apart from the mails of `to`'s own account, which nobody else may use up.
    """
    rate = services.settings.auth.mail_rate
    limits = [(rate, "mail", sender, to), (_once_while(rate), "mail", sender, to, about)]
    if not all([await services.limiter.allows(*limit) for limit in limits]):
        log.info("a mail was held back: its sender has just caused several")
        return
    await services.mailer.send(to, subject, text)
    for limit in limits:
        await count_sent(services.limiter, *limit)


def _once_while(rate: str) -> str:
    return f"1 per {parse(rate).get_expiry()} seconds"
