"""Accounts: list, change, and the first administrator."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.engine import Row

from backend.core.database.engine import Db, Transaction
from backend.core.errors import NotFound
from backend.core.http.pages import cut_page
from backend.core.http.schema import Page
from backend.core.services import Services
from backend.features.admin.schemas import Account, ChangeAccount
from backend.features.users.accounts import create_user
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.kit.vocabulary import UserRole
from backend.models import Space, User, UserSession
from backend.rules import audit, quota
from backend.rules.actor import SYSTEM, Actor
from backend.rules.administrators import require_other_admin


async def list_accounts(db: Db, q: str | None, limit: int, cursor: str | None) -> Page[Account]:
    """Accounts, the newest first, whose e-mail or name contains `q`."""
    query = _accounts().order_by(User.id.desc()).limit(limit + 1)
    if q:
        query = query.where(
            or_(
                User.email.icontains(q, autoescape=True),
                User.display_name.icontains(q, autoescape=True),
            )
        )
    if cursor:
        (last,) = decode_cursor(cursor, UUID)
        query = query.where(User.id < last)
    rows, next_cursor = cut_page(
        list(await db.execute(query)), limit, lambda row: encode_cursor(row.id)
    )
    return Page[Account](items=[_present(row) for row in rows], next_cursor=next_cursor)


async def change_account(
    tx: Transaction, actor: Actor, user_id: UUID, change: ChangeAccount
) -> Account:
    """Change quota, role or whether the account may be used at all.

    Raises:
        NotFound: no such account.
        LastAdmin: it is the only one that could undo this.
    """
    values = change.model_dump(exclude_unset=True)
    if values.get("is_active") is False or values.get("role") == UserRole.USER:
        await require_other_admin(tx, user_id)
    await _change(tx, user_id, values)
    row = (await tx.execute(_accounts().where(User.id == user_id))).first()
    if row is None:
        raise NotFound
    if not row.is_active:
        await _end_sessions(tx, user_id)
    if values:
        await audit.record(
            tx,
            actor,
            "user.administered",
            user_id,
            **change.model_dump(mode="json", exclude_unset=True),
        )
    return _present(row)


def _accounts() -> Select[*tuple[Any, ...]]:
    return select(
        User.id,
        User.email,
        User.display_name,
        User.role,
        User.is_active,
        User.email_verified_at,
        User.created_at,
        Space.quota_bytes,
        Space.used_bytes,
        Space.reserved_bytes,
    ).join(Space, Space.id == User.id)


async def _change(tx: Transaction, user_id: UUID, values: dict[str, Any]) -> None:
    account = dict(values)
    if "quota_bytes" in account:
        limit = account.pop("quota_bytes")
        await tx.execute(update(Space).where(quota.of_space(user_id)).values(quota_bytes=limit))
    if account:
        await tx.execute(update(User).where(User.id == user_id).values(account))


async def _end_sessions(tx: Transaction, user_id: UUID) -> None:
    await tx.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


async def create_admin(services: Services, email: str, password: str) -> UUID:
    """Make an administrator; for the operator at the command line.

    Raises:
        EmailTaken: the address has an account.
    """
    password_hash = await services.passwords.hash(password)
    async with services.database.transaction() as tx:
        return await create_user(
            tx,
            services.settings,
            SYSTEM,
            email,
            password_hash,
            role=UserRole.ADMIN,
            verified_at=datetime.now(UTC),
        )


def _present(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        display_name=row.display_name,
        role=row.role,
        is_active=row.is_active,
        email_verified=row.email_verified_at is not None,
        quota_bytes=row.quota_bytes,
        used_bytes=row.used_bytes,
        reserved_bytes=row.reserved_bytes,
        created_at=row.created_at,
    )
