"""Sessions: a chain of refresh tokens, each good for one refresh (RFC 9700, 4.14.2).

Using a token twice means that two parties hold it, and nobody can tell which one is the thief:
the session ends for both. Access tokens carry the session's id and are refused once it ended.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.engine import Row

from backend.core.database.engine import Database, Transaction
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.http.pages import cut_page
from backend.core.http.schema import Page
from backend.core.services import Services
from backend.features.auth.errors import InvalidRefreshToken, RefreshTokenReused
from backend.features.auth.schemas import Session, Tokens
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.kit.tokens import new_token, token_hash
from backend.kit.vocabulary import ActorKind
from backend.models import RefreshToken, User, UserSession
from backend.rules import audit
from backend.rules.actor import Actor

MAX_USER_AGENT = 255


async def open_session(
    tx: Transaction, services: Services, actor: Actor, user_id: UUID, user_agent: str | None
) -> Tokens:
    """Start a session for `user_id`, who has just proved who they are."""
    row = insert(UserSession).values(
        user_id=user_id, ip=actor.ip, user_agent=user_agent and user_agent[:MAX_USER_AGENT]
    )
    session_id: UUID = (await tx.execute(row.returning(UserSession.id))).scalar_one()
    owner = Actor(ActorKind.USER, user_id, actor.ip, actor.request_id)
    await audit.record(tx, owner, "session.created", session_id)
    return await _next_tokens(tx, services, user_id, session_id)


async def _next_tokens(
    tx: Transaction, services: Services, user_id: UUID, session_id: UUID
) -> Tokens:
    auth, refresh_token = services.settings.auth, new_token()
    await tx.execute(
        insert(RefreshToken).values(
            hash=token_hash(refresh_token),
            session_id=session_id,
            expires_at=datetime.now(UTC) + auth.refresh_token_ttl,
        )
    )
    access = services.tokens.issue(
        str(user_id), auth.audience, auth.access_token_ttl, {"sid": str(session_id)}
    )
    return Tokens(
        access_token=access.token, expires_in=access.expires_in, refresh_token=refresh_token
    )


async def refresh(services: Services, actor: Actor, token: str) -> Tokens:
    """Exchange a refresh token for the session's next pair.

    Raises:
        RefreshTokenReused: it was exchanged before; its session has been ended.
        InvalidRefreshToken: unknown, expired, or of an ended session or a deactivated account.
    """
    async with services.database.transaction() as tx:
        session = await _rotate(tx, token)
        if session is not None:
            return await _next_tokens(tx, services, session.user_id, session.id)
    await _refuse_reused(services.database, actor, token)
    raise InvalidRefreshToken


async def _rotate(tx: Transaction, token: str) -> Row[UUID, UUID] | None:
    """Use the token up; of two at once, the second waits for the first and finds it used."""
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
    session = (await tx.execute(used)).first()
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
    """End the sessions that meet all conditions in `which`; return how many there were."""
    ended = (
        update(UserSession)
        .where(*which, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSession.id, UserSession.user_id)
    )
    revoked = [
        (session.id, {"reason": reason, "user_id": str(session.user_id)})
        for session in await tx.execute(ended)
    ]
    await audit.record_all(tx, actor, "session.revoked", revoked)
    return len(revoked)


async def sign_out(tx: Transaction, actor: Actor, token: str) -> None:
    """End the session that `token` belongs to; an unknown one is no error (RFC 7009, 2.2)."""
    query = (
        select(UserSession.id, UserSession.user_id)
        .join(RefreshToken, RefreshToken.session_id == UserSession.id)
        .where(RefreshToken.hash == token_hash(token))
    )
    session = (await tx.execute(query)).first()
    if session is not None:
        owner = Actor(ActorKind.USER, session.user_id, actor.ip, actor.request_id)
        await revoke_sessions(tx, owner, UserSession.id == session.id, reason="signed_out")


async def list_sessions(
    db: Db, user_id: UUID, current: UUID | None, limit: int, cursor: str | None
) -> Page[Session]:
    """The caller's live sessions, newest first."""
    query = _live_sessions(user_id).order_by(UserSession.id.desc()).limit(limit + 1)
    if cursor:
        (last,) = decode_cursor(cursor, UUID)
        query = query.where(UserSession.id < last)
    rows = (await db.execute(query)).all()
    page, next_cursor = cut_page(rows, limit, lambda row: encode_cursor(row.id))
    return Page(items=[_present(row, current) for row in page], next_cursor=next_cursor)


def _live_sessions(user_id: UUID) -> Select[*tuple[Any, ...]]:
    usable = select(RefreshToken.hash).where(
        RefreshToken.session_id == UserSession.id,
        RefreshToken.rotated_at.is_(None),
        RefreshToken.expires_at > func.now(),
    )
    return select(*UserSession.__table__.columns).where(
        UserSession.user_id == user_id, UserSession.revoked_at.is_(None), usable.exists()
    )


def _present(row: Row[Any], current: UUID | None) -> Session:
    return Session(
        id=row.id,
        user_agent=row.user_agent,
        ip=row.ip,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        current=row.id == current,
    )


async def end_session(tx: Transaction, actor: Actor, user_id: UUID, session_id: UUID) -> None:
    """End one of the caller's own sessions.

    Raises:
        NotFound: it ended already, never was, or is another person's.
    """
    own = (UserSession.id == session_id, UserSession.user_id == user_id)
    if not await revoke_sessions(tx, actor, *own, reason="ended_by_owner"):
        raise NotFound
