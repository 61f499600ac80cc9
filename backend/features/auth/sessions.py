"""Sessions: a chain of refresh tokens, each good for one refresh (RFC 9700, 4.14.2).

If a token is used twice, two parties hold it, and nobody can tell which of them stole it: the
session ends for both. Access tokens carry the session's id and are refused once it has ended.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, update

from backend.core.database.engine import Database, Transaction
from backend.core.database.keyset import descending
from backend.core.database.rows import Db, columns, first, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.core.secrets.access_tokens import TokenSigner
from backend.core.settings import AuthSettings
from backend.features.auth.errors import InvalidRefreshToken, RefreshTokenReused
from backend.features.auth.schemas import Session, Tokens
from backend.kit.events import SessionCreated, SessionRevoked
from backend.kit.tokens import new_token, token_hash
from backend.kit.vocabulary import ActorKind
from backend.models import RefreshToken, User, UserSession
from backend.rules import events
from backend.rules.actor import Actor

MAX_USER_AGENT = 255
NEWEST = descending(id=UserSession.id)


class _Owned(NamedTuple):
    """A session and whose it is."""

    id: UUID
    user_id: UUID


class _Live(NamedTuple):
    """A session as its owner sees it."""

    id: UUID
    user_agent: str | None
    ip: str | None
    created_at: datetime
    last_used_at: datetime


async def open_session(
    tx: Transaction,
    tokens: TokenSigner,
    settings: AuthSettings,
    actor: Actor,
    user_id: UUID,
    user_agent: str | None,
) -> Tokens:
    """Start a session for `user_id`, who has just proved their identity."""
    row = insert(UserSession).values(
        user_id=user_id, ip=actor.ip, user_agent=user_agent and user_agent[:MAX_USER_AGENT]
    )
    session_id: UUID = (await tx.execute(row.returning(UserSession.id))).scalar_one()
    owner = Actor(ActorKind.USER, user_id, actor.ip, actor.request_id)
    await events.record(tx, owner, session_id, SessionCreated())
    return await _next_tokens(tx, tokens, settings, _Owned(session_id, user_id))


async def _next_tokens(
    tx: Transaction, tokens: TokenSigner, settings: AuthSettings, session: _Owned
) -> Tokens:
    refresh_token = new_token()
    await tx.execute(
        insert(RefreshToken).values(
            hash=token_hash(refresh_token),
            session_id=session.id,
            expires_at=datetime.now(UTC) + settings.refresh_token_ttl,
        )
    )
    access = tokens.issue(
        str(session.user_id),
        settings.audience,
        settings.access_token_ttl,
        {"sid": str(session.id)},
    )
    return Tokens(
        access_token=access.token, expires_in=access.expires_in, refresh_token=refresh_token
    )


async def refresh(
    database: Database, tokens: TokenSigner, settings: AuthSettings, actor: Actor, token: str
) -> Tokens:
    """Exchange a refresh token for the session's next pair of tokens.

    Raises:
        RefreshTokenReused: it was exchanged before; its session has been ended.
        InvalidRefreshToken: unknown, expired, or of an ended session or a deactivated account.
    """
    async with database.transaction() as tx:
        session = await _rotate(tx, token)
        if session is not None:
            return await _next_tokens(tx, tokens, settings, session)
    await _refuse_reused(database, actor, token)
    raise InvalidRefreshToken


async def _rotate(tx: Transaction, token: str) -> _Owned | None:
    """Use the token up. Of two simultaneous uses, one waits and then finds the token used."""
    now = datetime.now(UTC)
    used = (
        update(RefreshToken)
        .where(
            RefreshToken.hash == token_hash(token),
            RefreshToken.rotated_at.is_(None),
            RefreshToken.expires_at > now,
            RefreshToken.session_id == UserSession.id,
            UserSession.revoked_at.is_(None),
            UserSession.user_id == User.id,
            User.is_active,
        )
        .values(rotated_at=now)
        .returning(UserSession.id, UserSession.user_id)
    )
    session = await first(tx, _Owned, used)
    if session is not None:
        touch = update(UserSession).where(UserSession.id == session.id)
        await tx.execute(touch.values(last_used_at=now))
    return session


async def _refuse_reused(database: Database, actor: Actor, token: str) -> None:
    async with database.transaction() as tx:
        query = select(RefreshToken.session_id).where(
            RefreshToken.hash == token_hash(token), RefreshToken.rotated_at.is_not(None)
        )
        session_id = (await tx.execute(query)).scalar_one_or_none()
        if session_id is None:
            return
        await revoke_sessions(
            tx, actor, UserSession.id == session_id, reason="refresh_token_reused"
        )
    raise RefreshTokenReused


async def revoke_sessions(
    tx: Transaction, actor: Actor, *which: ColumnElement[bool], reason: str
) -> int:
    """End the sessions that meet every condition in `which`; return how many were ended."""
    ended = (
        update(UserSession)
        .where(*which, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSession.id, UserSession.user_id)
    )
    revoked = await rows(tx, _Owned, ended)
    happened = [
        (session.id, SessionRevoked(user_id=session.user_id, reason=reason), None)
        for session in revoked
    ]
    await events.record_all(tx, actor, happened)
    return len(revoked)


async def sign_out(tx: Transaction, actor: Actor, token: str) -> None:
    """End the session that `token` belongs to; an unknown token is no error (RFC 7009, 2.2)."""
    query = (
        select(UserSession.id, UserSession.user_id)
        .join(RefreshToken, RefreshToken.session_id == UserSession.id)
        .where(RefreshToken.hash == token_hash(token))
    )
    session = await first(tx, _Owned, query)
    if session is not None:
        owner = Actor(ActorKind.USER, session.user_id, actor.ip, actor.request_id)
        await revoke_sessions(tx, owner, UserSession.id == session.id, reason="signed_out")


async def list_sessions(
    db: Db, user_id: UUID, current: UUID | None, limit: int, cursor: str | None
) -> Page[Session]:
    """The caller's live sessions, newest first; `current` is the one that asks."""
    usable = select(RefreshToken.hash).where(
        RefreshToken.session_id == UserSession.id,
        RefreshToken.rotated_at.is_(None),
        RefreshToken.expires_at > func.now(),
    )
    query = select(*columns(_Live, UserSession)).where(
        UserSession.user_id == user_id, UserSession.revoked_at.is_(None), usable.exists()
    )
    live, next_cursor = await NEWEST.fetch(db, _Live, query, limit, cursor)
    return Page(
        items=[Session(**one._asdict(), current=one.id == current) for one in live],
        next_cursor=next_cursor,
    )


async def end_session(tx: Transaction, actor: Actor, user_id: UUID, session_id: UUID) -> None:
    """End one of the caller's own sessions.

    Raises:
        NotFound: it has already ended, never existed, or belongs to somebody else.
    """
    own = (UserSession.id == session_id, UserSession.user_id == user_id)
    if not await revoke_sessions(tx, actor, *own, reason="ended_by_owner"):
        raise NotFound
