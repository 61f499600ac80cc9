"""Changing a password, with the current one or by e-mail, and verifying an e-mail address.

A new password ends every other session and every open reset. A reset by e-mail also verifies the
address. If it had not been verified before, whoever registered the account may be a stranger who
hoped that the owner of the address would start to use it, so everything they opened ends: see
`takeover`.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from backend.core.database.engine import Database, Transaction
from backend.core.database.requests import RequestTransaction
from backend.core.database.rows import Db, first
from backend.core.jobs.queue import enqueue
from backend.core.limits.rates import RateLimiter
from backend.core.secrets.passwords import Passwords, refuse_obvious
from backend.core.settings import AuthSettings
from backend.features.auth import takeover
from backend.features.auth.errors import InvalidEmailToken, WrongCurrentPassword
from backend.features.auth.schemas import ChangePassword, ResetPassword
from backend.features.auth.sessions import revoke_sessions
from backend.features.auth.sign_in import Guard
from backend.features.shares.invitations import accept_invitations
from backend.kit.addresses import client_network
from backend.kit.events import Entry, UserEmailVerified, UserPasswordChanged, UserPasswordReset
from backend.kit.tokens import token_hash
from backend.kit.vocabulary import ActorKind, EmailTokenPurpose
from backend.models import (
    EmailToken,
    User,
    UserSession,
)
from backend.rules import events
from backend.rules.actor import Actor
from backend.rules.principal import Principal


async def forgot(
    limiter: RateLimiter,
    settings: AuthSettings,
    late: RequestTransaction,
    actor: Actor,
    email: str,
) -> None:
    """Send a reset e-mail to the account with this address, if there is one.

    Nothing is looked up here: known and unknown addresses are handled identically.

    Raises:
        TooManyRequests: too many requests from this network, or for this address from it.
    """
    network = client_network(actor.ip)
    await limiter.hit(settings.reset_rate, "reset", network)
    await limiter.hit(settings.mail_rate, "reset", email, network)
    await enqueue(await late.open(), "auth.mail_reset", {"email": email})


class _Account(NamedTuple):
    """The account that a token belongs to."""

    id: UUID
    email: str
    is_verified: bool


async def reset(
    database: Database,
    passwords: Passwords,
    late: RequestTransaction,
    actor: Actor,
    wish: ResetPassword,
) -> None:
    """Set a new password with the token from the e-mail.

    Raises:
        InvalidEmailToken: unknown, used, or expired.
        PasswordTooEasy: too easy to guess.
    """
    account = await _account_of(database.autocommit, wish.token, EmailTokenPurpose.RESET)
    refuse_obvious(wish.password, account.email)
    password_hash = await passwords.hash(wish.password)
    tx, owner = await late.open(), _owner(actor, account.id)
    await _use_up(tx, wish.token)
    if not account.is_verified:
        await takeover.end_uploads(tx, owner, account.id)
    await tx.execute(update(User).where(User.id == account.id).values(password_hash=password_hash))
    await _after_change(tx, owner, account.email, UserPasswordReset(), kept=None)
    if not account.is_verified:
        await takeover.end_access(tx, owner, account.id)
        await _verified(tx, owner, account)


async def change(
    database: Database,
    limiter: RateLimiter,
    passwords: Passwords,
    settings: AuthSettings,
    late: RequestTransaction,
    principal: Principal,
    wish: ChangePassword,
) -> None:
    """Set a new password with the current one; the session that asks continues.

    Raises:
        WrongCurrentPassword: the current password is incorrect.
        PasswordTooEasy: the new password is too easy to guess.
        TooManyRequests: too many attempts.
    """
    network = client_network(principal.actor.ip)
    guard = Guard(limiter, settings, principal.email, network)
    await guard.attempt()
    query = select(User.password_hash).where(User.id == principal.user_id)
    current_hash: str = (await database.autocommit.execute(query)).scalar_one()
    if not await passwords.verify(wish.current_password, current_hash):
        await guard.failed()
        raise WrongCurrentPassword
    await guard.succeeded()
    refuse_obvious(wish.new_password, principal.email)
    password_hash = await passwords.hash(wish.new_password)
    tx = await late.open()
    same = (User.id == principal.user_id, User.password_hash == current_hash)
    changed = update(User).where(*same).values(password_hash=password_hash).returning(User.id)
    if (await tx.execute(changed)).first() is None:
        raise WrongCurrentPassword  # another request has just changed it
    kept = principal.session_id
    await _after_change(tx, principal.actor, principal.email, UserPasswordChanged(), kept=kept)


async def _after_change(
    tx: Transaction, owner: Actor, email: str, entry: Entry, *, kept: UUID | None
) -> None:
    """End what the old password opened, record the change, and notify the owner."""
    assert owner.id is not None  # noqa: S101 - narrows: an owner is a user
    others: list[ColumnElement[bool]] = [UserSession.user_id == owner.id]
    if kept is not None:
        others.append(UserSession.id != kept)
    await revoke_sessions(tx, owner, *others, reason="password_changed")
    await tx.execute(
        delete(EmailToken).where(
            EmailToken.user_id == owner.id, EmailToken.purpose == EmailTokenPurpose.RESET
        )
    )
    await events.record(tx, owner, owner.id, entry)
    await enqueue(tx, "auth.mail_password_changed", {"email": email})


async def verify_email(tx: Transaction, actor: Actor, token: str) -> None:
    """Note that whoever holds the token receives the account's e-mail.

    Raises:
        InvalidEmailToken: unknown, used, or expired.
    """
    account = await _account_of(tx, token, EmailTokenPurpose.VERIFY)
    await _use_up(tx, token)
    if not account.is_verified:
        await _verified(tx, _owner(actor, account.id), account)


async def _account_of(db: Db, token: str, purpose: EmailTokenPurpose) -> _Account:
    query = (
        select(User.id, User.email, User.email_verified_at.is_not(None).label("is_verified"))
        .join(EmailToken, EmailToken.user_id == User.id)
        .where(
            EmailToken.hash == token_hash(token),
            EmailToken.purpose == purpose,
            EmailToken.used_at.is_(None),
            EmailToken.expires_at > func.now(),
            User.is_active,
        )
    )
    account = await first(db, _Account, query)
    if account is None:
        raise InvalidEmailToken
    return account


async def _use_up(tx: Transaction, token: str) -> None:
    """Of two simultaneous uses, one waits and then finds the token used."""
    unused = (EmailToken.hash == token_hash(token), EmailToken.used_at.is_(None))
    used = update(EmailToken).where(*unused).values(used_at=datetime.now(UTC))
    if (await tx.execute(used.returning(EmailToken.user_id))).first() is None:
        raise InvalidEmailToken


async def _verified(tx: Transaction, owner: Actor, account: _Account) -> None:
    await tx.execute(
        update(User).where(User.id == account.id).values(email_verified_at=datetime.now(UTC))
    )
    await events.record(tx, owner, account.id, UserEmailVerified())
    await accept_invitations(tx, owner, account.id, account.email)


def _owner(actor: Actor, user_id: UUID) -> Actor:
    """Whoever holds a token sent to the account's address acts as its owner."""
    return Actor(ActorKind.USER, user_id, actor.ip, actor.request_id)
