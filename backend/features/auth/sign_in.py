"""Signing in by e-mail and password.

Guessing is limited in three ways, each counted per client network, so that nobody can use up
another person's attempts (docs/decisions/0023):

    all attempts from one network                               AUTH_SIGN_IN_RATE
    failed attempts on one account from one network             AUTH_SIGN_IN_ACCOUNT_RATE
    the same, while failures on the account from all networks
    exceed AUTH_SIGN_IN_ALERT_RATE                              AUTH_SIGN_IN_SLOW_RATE
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import func, select, update

from backend.core.database.engine import Database, Transaction
from backend.core.database.rows import Db, columns, first
from backend.core.errors import TooManyRequests
from backend.core.limits.rates import RateLimiter
from backend.core.secrets.access_tokens import TokenSigner
from backend.core.secrets.passwords import Passwords
from backend.core.settings import AuthSettings
from backend.features.auth.errors import InvalidCredentials
from backend.features.auth.schemas import SignIn, Tokens
from backend.features.auth.sessions import open_session
from backend.kit.addresses import client_network
from backend.kit.text.emails import InvalidEmail, normalize_email
from backend.models import User
from backend.rules.actor import Actor

log = structlog.stdlib.get_logger(__name__)


class _Account(NamedTuple):
    id: UUID
    password_hash: str
    is_active: bool
    email_verified_at: datetime | None


async def sign_in(
    database: Database,
    limiter: RateLimiter,
    passwords: Passwords,
    tokens: TokenSigner,
    settings: AuthSettings,
    actor: Actor,
    form: SignIn,
    user_agent: str | None,
) -> Tokens:
    """Open a session for the account with this e-mail address and password.

    Raises:
        InvalidCredentials: no such account, a wrong password, a deactivated account, or (if the
            settings require a verified address) an unverified one: the same answer in the same
            time.
        TooManyRequests: too many attempts.
    """
    email = _as_email(form.username)
    guard = Guard(limiter, settings, email, client_network(actor.ip))
    await guard.attempt()
    account = await _account(database.autocommit, email)
    matches = await passwords.verify(form.password, account.password_hash if account else None)
    if account is None or not matches or not _may_sign_in(account, settings):
        await guard.failed()
        raise InvalidCredentials
    await guard.succeeded()
    fresh_hash = await _rehashed(passwords, form.password, account.password_hash)
    async with database.transaction() as tx:
        await _confirm(tx, account.id, account.password_hash, fresh_hash)
        return await open_session(tx, tokens, settings, actor, account.id, user_agent)


def _as_email(username: str) -> str:
    try:
        return normalize_email(username)
    except InvalidEmail:
        return ""  # no account has it, so it is treated like any unknown address


async def _account(db: Db, email: str) -> _Account | None:
    query = select(*columns(_Account, User)).where(func.lower(User.email) == email)
    return await first(db, _Account, query)


def _may_sign_in(account: _Account, settings: AuthSettings) -> bool:
    is_verified = account.email_verified_at is not None
    return account.is_active and (is_verified or not settings.require_verified_email)


async def _rehashed(passwords: Passwords, password: str, encoded: str) -> str | None:
    """The password hashed with today's parameters, if the stored hash uses others."""
    if not passwords.needs_rehash(encoded):
        return None
    return await passwords.hash(password)


async def _confirm(tx: Transaction, user_id: UUID, checked: str, fresh: str | None) -> None:
    """Make sure that the password just checked remains the account's until `tx` ends.

    Otherwise a session could begin just after a password change has ended all of them.
    """
    same = (User.id == user_id, User.password_hash == checked, User.is_active)
    if fresh is None:
        held = await tx.execute(select(User.id).where(*same).with_for_update(read=True))
    else:
        held = await tx.execute(
            update(User).where(*same).values(password_hash=fresh).returning(User.id)
        )
    if held.first() is None:
        raise InvalidCredentials


class Guard:
    """The limits on one attempt to sign in, or to enter the current password."""

    def __init__(
        self, limiter: RateLimiter, settings: AuthSettings, email: str, network: str
    ) -> None:
        self._limiter = limiter
        self._settings = settings
        self._email = email
        self._network = network

    async def attempt(self) -> None:
        """Count the attempt before the password is checked, so that parallel guesses all count.

        Raises:
            TooManyRequests: too many from this network, or on this account from this network.
        """
        settings, pair = self._settings, (self._email, self._network)
        await self._limiter.hit(settings.sign_in_rate, "sign-in", self._network)
        await self._limiter.hit(settings.sign_in_account_rate, "sign-in account", *pair)
        if not await self._limiter.allows(settings.sign_in_alert_rate, "alert", self._email):
            await self._limiter.hit(settings.sign_in_slow_rate, "sign-in slow", *pair)

    async def failed(self) -> None:
        """Count a failure towards the account's alert threshold."""
        try:
            await self._limiter.hit(self._settings.sign_in_alert_rate, "alert", self._email)
        except TooManyRequests:
            log.warning("an account is under attack: fewer attempts per network")

    async def succeeded(self) -> None:
        """Forget this network's failures: only failed attempts count."""
        pair = (self._email, self._network)
        await self._limiter.forget(self._settings.sign_in_account_rate, "sign-in account", *pair)
        await self._limiter.forget(self._settings.sign_in_slow_rate, "sign-in slow", *pair)
