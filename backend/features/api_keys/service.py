"""Making, listing and revoking API keys. Stored is only a hash; `key` is shown once."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, insert, select

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.http.pages import cut_page
from backend.core.http.schema import Page
from backend.features.api_keys.errors import ExpiryInThePast, ScopeNotYours
from backend.features.api_keys.schemas import ApiKey, ApiKeyCreate, CreatedApiKey
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.kit.tokens import new_token, token_hash
from backend.models import ApiKey as ApiKeyRow
from backend.rules import audit
from backend.rules.account_lock import hold_own
from backend.rules.actor import Actor
from backend.rules.principal import API_KEY_PREFIX, Principal

SHOWN_CHARACTERS = len(API_KEY_PREFIX) + 8
"""Enough to tell keys apart; the 35 characters left hold 208 of the 256 random bits."""


async def create_key(tx: Transaction, principal: Principal, wish: ApiKeyCreate) -> CreatedApiKey:
    """Make a key for the caller's account.

    Raises:
        ScopeNotYours: a scope that the caller does not have.
        ExpiryInThePast: it would never work.
        Unauthorized: the session has just ended.
    """
    if missing := set(wish.scopes) - principal.scopes:
        raise ScopeNotYours(f"You do not have the scope {', '.join(sorted(missing))}.")
    if wish.expires_at is not None and wish.expires_at <= datetime.now(UTC):
        raise ExpiryInThePast
    await hold_own(tx, principal)
    key = API_KEY_PREFIX + new_token()
    row = insert(ApiKeyRow).values(
        user_id=principal.user_id,
        name=wish.name,
        prefix=key[:SHOWN_CHARACTERS],
        hash=token_hash(key),
        scopes=sorted(set(wish.scopes)),
        expires_at=wish.expires_at,
    )
    made = (await tx.execute(row.returning(*ApiKeyRow.__table__.columns))).one()
    await audit.record(
        tx, principal.actor, "api_key.created", made.id, name=made.name, scopes=made.scopes
    )
    return CreatedApiKey(**_present(made).model_dump(), key=key)


async def list_keys(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Page[ApiKey]:
    """The caller's keys, newest first, expired ones included."""
    query = _keys(user_id).order_by(ApiKeyRow.id.desc()).limit(limit + 1)
    if cursor:
        (last,) = decode_cursor(cursor, UUID)
        query = query.where(ApiKeyRow.id < last)
    rows = (await db.execute(query)).all()
    page, next_cursor = cut_page(rows, limit, lambda row: encode_cursor(row.id))
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


def _keys(user_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(*ApiKeyRow.__table__.columns).where(ApiKeyRow.user_id == user_id)


def _present(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=row.scopes,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        created_at=row.created_at,
    )


async def revoke_key(tx: Transaction, principal: Principal, key_id: UUID) -> None:
    """Delete one of the caller's own keys; it stops working at once.

    Raises:
        NotFound: no such key, or another person's.
    """
    own = (ApiKeyRow.id == key_id, ApiKeyRow.user_id == principal.user_id)
    if not await revoke_keys(tx, principal.actor, *own):
        raise NotFound


async def revoke_keys(tx: Transaction, actor: Actor, *which: ColumnElement[bool]) -> int:
    """Delete the keys that meet all conditions in `which`; return how many there were."""
    gone = delete(ApiKeyRow).where(*which).returning(ApiKeyRow.id, ApiKeyRow.name)
    revoked = [(key.id, {"name": key.name}) for key in await tx.execute(gone)]
    await audit.record_all(tx, actor, "api_key.revoked", revoked)
    return len(revoked)
