"""Registration, which never reveals whether an address already has an account.

A known address gets the same answer after the same work: a description of an account that does
not exist. Only the e-mail differs, and only the owner of the address reads it.
"""

from datetime import UTC, datetime

from sqlalchemy import func, select

from backend.core.database.engine import Transaction
from backend.core.database.requests import RequestTransaction
from backend.core.jobs.queue import enqueue
from backend.core.limits.rates import RateLimiter
from backend.core.secrets.passwords import Passwords, refuse_obvious
from backend.core.settings import AuthSettings, Settings
from backend.features.users.accounts import create_user
from backend.features.users.errors import EmailDomainNotAllowed, EmailTaken, RegistrationClosed
from backend.features.users.schemas import User, UserCreate
from backend.kit.addresses import client_network
from backend.kit.events import UserRegisteredAgain
from backend.kit.ids import uuid7
from backend.kit.text.emails import email_domain
from backend.kit.vocabulary import UserRole
from backend.models import User as UserTable
from backend.rules import events
from backend.rules.actor import Actor


async def register(
    limiter: RateLimiter,
    passwords: Passwords,
    settings: Settings,
    late: RequestTransaction,
    actor: Actor,
    wish: UserCreate,
) -> User:
    """Create an account, or appear to; the owner of the address gets an e-mail either way.

    Raises:
        RegistrationClosed: nobody may register here.
        EmailDomainNotAllowed: the address is not of an allowed domain.
        PasswordTooEasy: too easy to guess.
        TooManyRequests: too many requests from this network, or for this address from it.
    """
    auth, network = settings.auth, client_network(actor.ip)
    _check_allowed(auth, wish.email)
    refuse_obvious(wish.password, wish.email)
    await limiter.hit(auth.register_rate, "register", network)
    await limiter.hit(auth.mail_rate, "register", wish.email, network)
    password_hash = await passwords.hash(wish.password)
    user, name = _described(wish), wish.display_name
    tx = await late.open()
    try:
        user.id = await create_user(
            tx, settings, actor, wish.email, password_hash, display_name=name
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
    query = select(UserTable.id).where(func.lower(UserTable.email) == email)
    user_id = (await tx.execute(query)).scalar_one()
    await events.record(tx, actor, user_id, UserRegisteredAgain())
