"""E-mails about an account, and the removal of what has expired.

A token is made here, just before its e-mail is sent, so that the queue's table never holds one in
the clear, and so that no response time tells whether an address has an account.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import delete, exists, func, insert, literal, select

from backend.core.database.rows import Db
from backend.core.jobs.queue import JobTable
from backend.core.services import Services
from backend.core.settings import AuthSettings
from backend.features.mail.service import count_sent
from backend.kit.tokens import new_token, token_hash
from backend.kit.vocabulary import EmailTokenPurpose
from backend.models import EmailToken, RefreshToken, User, UserSession

log = structlog.stdlib.get_logger(__name__)
jobs = JobTable()

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "mails"),
    autoescape=False,  # noqa: S701 - plain text; core/mail.py escapes what it turns into HTML
)


@dataclass(frozen=True, slots=True)
class TokenMail:
    """An e-mail whose link carries a token for one purpose."""

    template: str
    purpose: EmailTokenPurpose
    page: str
    withdraws_verify: bool = False
    """The owner may not have chosen the present password: an older link must not confirm it."""

    def lifetime(self, settings: AuthSettings) -> timedelta:
        """How long the token is valid."""
        is_reset = self.purpose is EmailTokenPurpose.RESET
        return settings.reset_token_ttl if is_reset else settings.email_token_ttl


VERIFY = TokenMail("verify.txt", EmailTokenPurpose.VERIFY, "verify")
RESET = TokenMail("reset.txt", EmailTokenPurpose.RESET, "reset", withdraws_verify=True)
REGISTERED_AGAIN = TokenMail(
    "registered_again.txt", EmailTokenPurpose.RESET, "reset", withdraws_verify=True
)
PASSWORD_CHANGED = TokenMail("password_changed.txt", EmailTokenPurpose.RESET, "reset")


@jobs.job("auth.mail_verify")
async def mail_verify(services: Services, *, email: str) -> None:
    """Ask the owner of a new account's address to confirm it."""
    await _send(services, VERIFY, email)


@jobs.job("auth.mail_reset")
async def mail_reset(services: Services, *, email: str) -> None:
    """Send the link with which the owner of an account chooses a new password."""
    await _send(services, RESET, email)


@jobs.job("auth.mail_registered_again")
async def mail_registered_again(services: Services, *, email: str) -> None:
    """Tell the owner of an account that somebody tried to register with their address."""
    await _send(services, REGISTERED_AGAIN, email)


@jobs.job("auth.mail_password_changed")
async def mail_password_changed(services: Services, *, email: str) -> None:
    """Tell the owner of an account that its password changed, with a link to reset it."""
    await _send(services, PASSWORD_CHANGED, email)


async def _send(services: Services, mail: TokenMail, email: str) -> None:
    auth = services.settings.auth
    if not await services.limiter.allows(auth.mail_rate, "mail", email):
        log.info("an e-mail was not sent: its recipient has received several recently")
        return
    lifetime = mail.lifetime(auth)
    token = await _token_for(services.database.autocommit, email, mail.purpose, lifetime)
    if token is None:
        return
    if mail.withdraws_verify:
        await _withdraw_verify(services.database.autocommit, email)
    # In the fragment, which browsers never send: so it is in no server's log and in no Referer.
    link = f"{services.settings.public_url}/{mail.page}#token={token}"
    rendered = TEMPLATES.get_template(mail.template).render(
        link=link, token=token, lifetime=_in_words(lifetime)
    )
    subject, _, text = rendered.partition("\n\n")
    await services.mailer.send(email, subject, text)
    await count_sent(services.limiter, auth.mail_rate, "mail", email)


async def _withdraw_verify(db: Db, email: str) -> None:
    account = select(User.id).where(func.lower(User.email) == email).scalar_subquery()
    await db.execute(
        delete(EmailToken).where(
            EmailToken.user_id == account, EmailToken.purpose == EmailTokenPurpose.VERIFY
        )
    )


async def _token_for(
    db: Db, email: str, purpose: EmailTokenPurpose, lifetime: timedelta
) -> str | None:
    """Make a token for the active account with this address, if there is one."""
    token = new_token()
    account = select(
        literal(token_hash(token)),
        User.id,
        literal(purpose),
        literal(datetime.now(UTC) + lifetime),
    ).where(func.lower(User.email) == email, User.is_active)
    if purpose is EmailTokenPurpose.VERIFY:
        account = account.where(User.email_verified_at.is_(None))
    columns = [EmailToken.hash, EmailToken.user_id, EmailToken.purpose, EmailToken.expires_at]
    made = insert(EmailToken).from_select(columns, account).returning(EmailToken.user_id)
    return token if (await db.execute(made)).first() else None


def _in_words(lifetime: timedelta) -> str:
    minutes = round(lifetime.total_seconds() / 60)
    number, unit = divmod(minutes, 60)[0], "hour"
    if minutes % 60:
        number, unit = minutes, "minute"
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


@jobs.every("17 * * * *", "auth.sweep")
async def sweep(services: Services) -> None:
    """Delete expired tokens, and sessions that no token can continue."""
    db = services.database.autocommit
    await db.execute(delete(RefreshToken).where(RefreshToken.expires_at < func.now()))
    await db.execute(delete(EmailToken).where(EmailToken.expires_at < func.now()))
    continued = exists().where(RefreshToken.session_id == UserSession.id)
    await db.execute(delete(UserSession).where(~continued))
