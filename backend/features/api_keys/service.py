"""Creating, listing, and revoking API keys. Only a hash is stored; `key` is shown once."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select

from backend.core.database.engine import Transaction
from backend.core.database.keyset import descending
from backend.core.database.rows import Db, columns, only, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.features.api_keys.errors import ExpiryInThePast, ScopeNotYours
from backend.features.api_keys.grants import end_grants
from backend.features.api_keys.schemas import ApiKey, ApiKeyCreate, CreatedApiKey
from backend.kit.events import ApiKeyCreated, ApiKeyRevoked
from backend.kit.tokens import new_token, token_hash
from backend.models import ApiKey as ApiKeyTable
from backend.rules import events
from backend.rules.account_lock import hold_own
from backend.rules.actor import Actor
from backend.rules.principal import API_KEY_PREFIX, Principal

SHOWN_CHARACTERS = len(API_KEY_PREFIX) + 8
"""Enough to tell keys apart; the other 35 characters hold 208 of the 256 random bits."""
NEWEST = descending(id=ApiKeyTable.id)


class _Key(NamedTuple):
    """A key as its owner sees it."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class _Revoked(NamedTuple):
    id: UUID
    name: str


async def create_key(tx: Transaction, principal: Principal, wish: ApiKeyCreate) -> CreatedApiKey:
    """Create a key for the caller's account.

    Raises:
        ScopeNotYours: a scope that the caller does not have.
        ExpiryInThePast: the key would never work.
        Unauthorized: the session has just ended.
    """
    if missing := set(wish.scopes) - principal.scopes:
        raise ScopeNotYours(f"You do not have the scope {', '.join(sorted(missing))}.")
    if wish.expires_at is not None and wish.expires_at <= datetime.now(UTC):
        raise ExpiryInThePast
    await hold_own(tx, principal)
    key = API_KEY_PREFIX + new_token()
    row = insert(ApiKeyTable).values(
        user_id=principal.user_id,
        name=wish.name,
        prefix=key[:SHOWN_CHARACTERS],
        hash=token_hash(key),
        scopes=sorted(set(wish.scopes)),
        expires_at=wish.expires_at,
    )
    made = await only(tx, _Key, row.returning(*columns(_Key, ApiKeyTable)))
    created = ApiKeyCreated(name=made.name, scopes=tuple(made.scopes))
    await events.record(tx, principal.actor, made.id, created)
    return CreatedApiKey(**made._asdict(), key=key)


async def list_keys(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Page[ApiKey]:
    """The caller's keys, newest first, including expired ones."""
    query = select(*columns(_Key, ApiKeyTable)).where(ApiKeyTable.user_id == user_id)
    keys, next_cursor = await NEWEST.fetch(db, _Key, query, limit, cursor)
    return Page(items=[ApiKey.model_validate(key) for key in keys], next_cursor=next_cursor)


async def revoke_key(
    tx: Transaction, principal: Principal, key_id: UUID, *, with_grants: bool
) -> None:
    """Delete one of the caller's own keys; it stops working immediately.

    Args:
        tx: the request's transaction.
        principal: the caller.
        key_id: the key.
        with_grants: also end the links and shares that `grants.list_grants` lists.

    Raises:
        NotFound: no such key, or somebody else's.
    """
    own = (ApiKeyTable.id == key_id, ApiKeyTable.user_id == principal.user_id)
    # Waits for what the key is making at this moment; what comes later finds it gone.
    held = select(ApiKeyTable.id).where(*own).with_for_update()
    if (await tx.execute(held)).first() is None:
        raise NotFound
    if with_grants:
        await end_grants(tx, principal, key_id)
    await revoke_keys(tx, principal.actor, *own)


async def revoke_keys(tx: Transaction, actor: Actor, *which: ColumnElement[bool]) -> int:
    """Delete the keys that meet every condition in `which`; return how many were deleted."""
    gone = delete(ApiKeyTable).where(*which).returning(ApiKeyTable.id, ApiKeyTable.name)
    revoked = await rows(tx, _Revoked, gone)
    happened = [(key.id, ApiKeyRevoked(name=key.name), None) for key in revoked]
    await events.record_all(tx, actor, happened)
    return len(revoked)
