"""Signing in by e-mail and password.

Guessing is bounded in three ways, each counted per client network, so that nobody can use up
somebody else's attempts (docs/decisions/0023):

    all attempts from one network                                         AUTH_SIGN_IN_RATE
    failed attempts on one account from one network                       AUTH_SIGN_IN_ACCOUNT_RATE
    the same, while the account sees AUTH_SIGN_IN_ALERT_RATE from all     AUTH_SIGN_IN_SLOW_RATE
"""

from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.engine import Row

from backend.core.database.engine import Transaction
from backend.core.errors import TooManyRequests
from backend.core.limits.rates import RateLimiter
from backend.core.services import Services
from backend.core.settings import AuthSettings
from backend.features.auth.errors import InvalidCredentials
from backend.features.auth.schemas import Tokens
from backend.features.auth.sessions import open_session
from backend.kit.addresses import client_network
from backend.kit.emails import InvalidEmail, normalize_email
from backend.models import User
from backend.rules.actor import Actor

log = structlog.stdlib.get_logger(__name__)


async def sign_in(
    services: Services, actor: Actor, username: str, password: str, user_agent: str | None
) -> Tokens:
    """Open a session for the account with this e-mail and password.

    Raises:
        InvalidCredentials: no such account, wrong password, a deactivated account, or (where
            the settings ask for it) an unproved address: the same answer after the same time.
        TooManyRequests: too many attempts.
    """
    email = _as_email(username)
    guard = Guard(services.limiter, services.settings.auth, email, client_network(actor.ip))
    await guard.attempt()
    account = await _account(services, email)
    matches = await services.passwords.verify(password, account.password_hash if account else None)
    if account is None or not matches or not _may_sign_in(account, services.settings.auth):
        await guard.failed()
        raise InvalidCredentials
    await guard.succeeded()
    fresh_hash = await _rehashed(services, password, account.password_hash)
    async with services.database.transaction() as tx:
        await _confirm(tx, account.id, account.password_hash, fresh_hash)
        return await open_session(tx, services, actor, account.id, user_agent)


def _as_email(username: str) -> str:
    try:
        return normalize_email(username)
    except InvalidEmail:
        return ""  # no account has it: goes the way of every unknown e-mail


async def _account(services: Services, email: str) -> Row[Any] | None:
    query = select(User.id, User.password_hash, User.is_active, User.email_verified_at)
    found = await services.database.autocommit.execute(query.where(func.lower(User.email) == email))
    return found.first()


def _may_sign_in(account: Row[Any], settings: AuthSettings) -> bool:
    proved = account.email_verified_at is not None
    return bool(account.is_active) and (proved or not settings.require_verified_email)


async def _rehashed(services: Services, password: str, encoded: str) -> str | None:
    """The password under today's parameters, where the stored hash has others."""
    if not services.passwords.needs_rehash(encoded):
        return None
    return await services.passwords.hash(password)


async def _confirm(tx: Transaction, user_id: UUID, checked: str, fresh: str | None) -> None:
    """Make sure that the password just checked still is the account's, until `tx` ends.

    Else a session could begin right after a changed password has ended all of them.
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
    """The limits of one attempt to sign in (or to name one's current password)."""

    def __init__(
        self, limiter: RateLimiter, settings: AuthSettings, email: str, network: str
    ) -> None:
        self._limiter = limiter
        self._settings = settings
        self._email = email
        self._network = network

    async def attempt(self) -> None:
        """Count before checking: parallel guesses must not slip through together.

        Raises:
            TooManyRequests: too many from this network, or on this account from this network.
        """
        settings, pair = self._settings, (self._email, self._network)
        await self._limiter.hit(settings.sign_in_rate, "sign-in", self._network)
        await self._limiter.hit(settings.sign_in_account_rate, "sign-in account", *pair)
        if not await self._limiter.allows(settings.sign_in_alert_rate, "alert", self._email):
            await self._limiter.hit(settings.sign_in_slow_rate, "sign-in slow", *pair)

    async def failed(self) -> None:
        """Count a failure towards the account's alert."""
        try:
            await self._limiter.hit(self._settings.sign_in_alert_rate, "alert", self._email)
        except TooManyRequests:
            log.warning("an account is under attack: fewer attempts per network")

    async def succeeded(self) -> None:
        """Forget this network's failures: only failed attempts count."""
        pair = (self._email, self._network)
        await self._limiter.forget(self._settings.sign_in_account_rate, "sign-in account", *pair)
        await self._limiter.forget(self._settings.sign_in_slow_rate, "sign-in slow", *pair)
