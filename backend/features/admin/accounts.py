"""Listing and changing accounts, and creating the first administrator."""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_, select, update

from backend.core.database.engine import Database, Transaction
from backend.core.database.keyset import descending
from backend.core.database.rows import Db, first
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.core.secrets.passwords import Passwords
from backend.core.settings import Settings
from backend.features.admin.schemas import Account, AccountUpdate
from backend.features.auth.sessions import revoke_sessions
from backend.features.users.accounts import create_user
from backend.features.users.administrators import require_other_admin
from backend.kit.events import UserAdministered
from backend.kit.vocabulary import UserRole
from backend.models import Space, User, UserSession
from backend.rules import events, quota
from backend.rules.actor import SYSTEM, Actor
from backend.rules.principal import Principal, require_session

NEWEST = descending(id=User.id)


class _Listed(NamedTuple):
    """An account as administrators see it."""

    id: UUID
    email: str
    display_name: str | None
    role: UserRole
    is_active: bool
    email_verified: bool
    quota_bytes: int
    used_bytes: int
    reserved_bytes: int
    created_at: datetime


async def list_accounts(db: Db, q: str | None, limit: int, cursor: str | None) -> Page[Account]:
    """Accounts whose address or name contains `q`, newest first."""
    query = _accounts()
    if q:
        query = query.where(
            or_(
                User.email.icontains(q, autoescape=True),
                User.display_name.icontains(q, autoescape=True),
            )
        )
    found, next_cursor = await NEWEST.fetch(db, _Listed, query, limit, cursor)
    return Page(items=[Account.model_validate(one) for one in found], next_cursor=next_cursor)


async def administer(
    tx: Transaction, principal: Principal, user_id: UUID, change: AccountUpdate
) -> Account:
    """`change_account` as far as the caller's credential reaches.

    A key that could make administrators, or deactivate its owner, would outlive its revocation.

    Raises:
        SessionRequired: a role or an account's activity is to be changed with an API key.
        NotFound, LastAdmin: as for `change_account`.
    """
    if change.model_fields_set & {"role", "is_active"}:
        require_session(principal)
    return await change_account(tx, principal.actor, user_id, change)


async def change_account(
    tx: Transaction, actor: Actor, user_id: UUID, change: AccountUpdate
) -> Account:
    """Change an account's quota or role, or deactivate or reactivate it.

    Raises:
        NotFound: no such account.
        LastAdmin: no other administrator would be left.
    """
    values = change.model_dump(exclude_unset=True)
    if values.get("is_active") is False or values.get("role") == UserRole.USER:
        await require_other_admin(tx, user_id)
    await _change(tx, user_id, values)
    account = await first(tx, _Listed, _accounts().where(User.id == user_id))
    if account is None:
        raise NotFound
    if not account.is_active:
        theirs = UserSession.user_id == user_id
        await revoke_sessions(tx, actor, theirs, reason="account_deactivated")
    if values:
        changes = change.model_dump(mode="json", exclude_unset=True)
        await events.record(tx, actor, user_id, UserAdministered(changes=changes))
    return Account.model_validate(account)


def _accounts() -> Select[*tuple[Any, ...]]:
    return select(
        User.id,
        User.email,
        User.display_name,
        User.role,
        User.is_active,
        User.email_verified_at.is_not(None).label("email_verified"),
        Space.quota_bytes,
        Space.used_bytes,
        Space.reserved_bytes,
        User.created_at,
    ).join(Space, Space.id == User.id)


async def _change(tx: Transaction, user_id: UUID, values: dict[str, Any]) -> None:
    account = dict(values)
    if "quota_bytes" in account:
        limit = account.pop("quota_bytes")
        await tx.execute(update(Space).where(quota.of_space(user_id)).values(quota_bytes=limit))
    if account:
        await tx.execute(update(User).where(User.id == user_id).values(account))


async def create_admin(
    database: Database, passwords: Passwords, settings: Settings, email: str, password: str
) -> UUID:
    """Create an administrator, for the operator at the command line.

    Raises:
        EmailTaken: the address already has an account.
    """
    password_hash = await passwords.hash(password)
    async with database.transaction() as tx:
        return await create_user(
            tx,
            settings,
            SYSTEM,
            email,
            password_hash,
            role=UserRole.ADMIN,
            verified_at=datetime.now(UTC),
        )
