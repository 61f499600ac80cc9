"""Registration, which never tells whether an address already has an account.

A known address gets the same answer after the same work: an account that does not exist. Only
the mail differs, and only the owner of the address reads it.
"""

from datetime import UTC, datetime

from sqlalchemy import func, select

from backend.core.database.engine import Transaction
from backend.core.database.requests import RequestTransaction
from backend.core.jobs.queue import enqueue
from backend.core.secrets.passwords import refuse_obvious
from backend.core.services import Services
from backend.core.settings import AuthSettings
from backend.features.users.accounts import create_user
from backend.features.users.errors import EmailDomainNotAllowed, EmailTaken, RegistrationClosed
from backend.features.users.schemas import User, UserCreate
from backend.kit.addresses import client_network
from backend.kit.emails import email_domain
from backend.kit.ids import uuid7
from backend.kit.vocabulary import UserRole
from backend.models import User as UserRow
from backend.rules import audit
from backend.rules.actor import Actor


async def register(
    services: Services, late: RequestTransaction, actor: Actor, wish: UserCreate
) -> User:
    """Make an account, or seem to; the owner of the address gets a mail either way.

    Raises:
        RegistrationClosed: nobody may register here.
        EmailDomainNotAllowed: nobody with such an address may.
        PasswordTooEasy: anybody would guess it.
        TooManyRequests: too many from this address, or for this e-mail from it.
    """
    settings = services.settings.auth
    _check_allowed(settings, wish.email)
    refuse_obvious(wish.password, wish.email)
    network = client_network(actor.ip)
    await services.limiter.hit(settings.register_rate, "register", network)
    await services.limiter.hit(settings.mail_rate, "register", wish.email, network)
    password_hash = await services.passwords.hash(wish.password)
    user = _described(wish)
    tx = await late.open()
    try:
        user.id = await create_user(
            tx,
            services.settings,
            actor,
            wish.email,
            password_hash,
            display_name=wish.display_name,
        )
        mail = "verify"
    except EmailTaken:
        await _note_attempt(tx, actor, wish.email)
        mail = "registered_again"
    await enqueue(tx, f"auth.mail_{mail}", {"email": wish.email})
    return user


def _check_allowed(settings: AuthSettings, email: str) -> None:
    if settings.registration == "closed":
        raise RegistrationClosed
    domains = {domain.lower() for domain in settings.email_domains}
    if domains and email_domain(email) not in domains:
        raise EmailDomainNotAllowed


def _described(wish: UserCreate) -> User:
    return User(
        id=uuid7(),
        email=wish.email,
        display_name=wish.display_name,
        role=UserRole.USER,
        email_verified=False,
        created_at=datetime.now(UTC),
    )


async def _note_attempt(tx: Transaction, actor: Actor, email: str) -> None:
    query = select(UserRow.id).where(func.lower(UserRow.email) == email)
    user_id = (await tx.execute(query)).scalar_one()
    await audit.record(tx, actor, "user.registered_again", user_id)
