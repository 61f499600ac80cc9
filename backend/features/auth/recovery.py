"""Changing a password, by the current one or by mail, and proving an e-mail address.

A new password ends every other session and every open reset. Reset by mail also proves the
address; if nobody had proved it before, whoever made the account may be a stranger who hoped that
the owner of the address would move in, so everything they had opened ends: see `takeover`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from backend.core.database.engine import Transaction
from backend.core.database.requests import RequestTransaction
from backend.core.database.rows import Db
from backend.core.jobs.queue import enqueue
from backend.core.secrets.passwords import refuse_obvious
from backend.core.services import Services
from backend.features.auth import takeover
from backend.features.auth.errors import InvalidEmailToken, WrongCurrentPassword
from backend.features.auth.schemas import ChangePassword, ResetPassword
from backend.features.auth.sessions import revoke_sessions
from backend.features.auth.sign_in import Guard
from backend.features.shares.invitations import accept_invitations
from backend.kit.addresses import client_network
from backend.kit.tokens import token_hash
from backend.kit.vocabulary import ActorKind, EmailTokenPurpose
from backend.models import (
    EmailToken,
    User,
    UserSession,
)
from backend.rules import audit
from backend.rules.actor import Actor
from backend.rules.principal import Principal


async def forgot(services: Services, late: RequestTransaction, actor: Actor, email: str) -> None:
    """Have a reset mailed to the account with this e-mail, if there is one.

    Nothing is looked up here: a known and an unknown address take the same way.

    Raises:
        TooManyRequests: too many from this network, or for this address from it.
    """
    auth, network = services.settings.auth, client_network(actor.ip)
    await services.limiter.hit(auth.reset_rate, "reset", network)
    await services.limiter.hit(auth.mail_rate, "reset", email, network)
    await enqueue(await late.open(), "auth.mail_reset", {"email": email})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is."""

    id: UUID
    email: str
    verified: bool


async def reset(
    services: Services, late: RequestTransaction, actor: Actor, wish: ResetPassword
) -> None:
    """Set a new password by the token from the mail.

    Raises:
        InvalidEmailToken: unknown, used or expired.
        PasswordTooEasy: anybody would guess it.
    """
    account = await _account_of(services.database.autocommit, wish.token, EmailTokenPurpose.RESET)
    refuse_obvious(wish.password, account.email)
    password_hash = await services.passwords.hash(wish.password)
    tx, owner = await late.open(), _owner(actor, account.id)
    await _use_up(tx, wish.token)
    if not account.verified:
        await takeover.end_uploads(tx, owner, account.id)
    await tx.execute(update(User).where(User.id == account.id).values(password_hash=password_hash))
    await _after_change(tx, owner, account.email, "user.password_reset", None)
    if not account.verified:
        await takeover.end_access(tx, owner, account.id)
        await _verified(tx, owner, account)


async def change(
    services: Services, late: RequestTransaction, principal: Principal, wish: ChangePassword
) -> None:
    """Set a new password by the current one; the session that asks goes on.

    Raises:
        WrongCurrentPassword: the current password is wrong.
        PasswordTooEasy: anybody would guess the new one.
        TooManyRequests: too many attempts.
    """
    network = client_network(principal.actor.ip)
    guard = Guard(services.limiter, services.settings.auth, principal.email, network)
    await guard.attempt()
    query = select(User.password_hash).where(User.id == principal.user_id)
    current_hash: str = (await services.database.autocommit.execute(query)).scalar_one()
    if not await services.passwords.verify(wish.current_password, current_hash):
        await guard.failed()
        raise WrongCurrentPassword
    await guard.succeeded()
    refuse_obvious(wish.new_password, principal.email)
    password_hash = await services.passwords.hash(wish.new_password)
    tx = await late.open()
    same = (User.id == principal.user_id, User.password_hash == current_hash)
    changed = update(User).where(*same).values(password_hash=password_hash).returning(User.id)
    if (await tx.execute(changed)).first() is None:
        raise WrongCurrentPassword  # another change came first
    await _after_change(
        tx, principal.actor, principal.email, "user.password_changed", principal.session_id
    )


async def _after_change(
    tx: Transaction, owner: Actor, email: str, action: str, kept: UUID | None
) -> None:
    """End what the old password had opened, write it down, and tell the owner."""
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
    await audit.record(tx, owner, action, owner.id)
    await enqueue(tx, "auth.mail_password_changed", {"email": email})


async def verify_email(tx: Transaction, actor: Actor, token: str) -> None:
    """Note that the owner of the token reads the account's mail.

    Raises:
        InvalidEmailToken: unknown, used or expired.
    """
    account = await _account_of(tx, token, EmailTokenPurpose.VERIFY)
    await _use_up(tx, token)
    if not account.verified:
        await _verified(tx, _owner(actor, account.id), account)


async def _account_of(db: Db, token: str, purpose: EmailTokenPurpose) -> Account:
    query = (
        select(User.id, User.email, User.email_verified_at.is_not(None).label("verified"))
        .join(EmailToken, EmailToken.user_id == User.id)
        .where(
            EmailToken.hash == token_hash(token),
            EmailToken.purpose == purpose,
            EmailToken.used_at.is_(None),
            EmailToken.expires_at > func.now(),
            User.is_active,
        )
    )
    row = (await db.execute(query)).first()
    if row is None:
        raise InvalidEmailToken
    return Account(row.id, row.email, row.verified)


async def _use_up(tx: Transaction, token: str) -> None:
    """Of two uses at once, the second waits for the first and finds the token used."""
    unused = (EmailToken.hash == token_hash(token), EmailToken.used_at.is_(None))
    used = update(EmailToken).where(*unused).values(used_at=datetime.now(UTC))
    if (await tx.execute(used.returning(EmailToken.user_id))).first() is None:
        raise InvalidEmailToken


async def _verified(tx: Transaction, owner: Actor, account: Account) -> None:
    await tx.execute(
        update(User).where(User.id == account.id).values(email_verified_at=datetime.now(UTC))
    )
    await audit.record(tx, owner, "user.email_verified", account.id)
    await accept_invitations(tx, owner, account.id, account.email)


def _owner(actor: Actor, user_id: UUID) -> Actor:
    """Whoever holds a token from the account's mail acts as its owner."""
    return Actor(ActorKind.USER, user_id, actor.ip, actor.request_id)
