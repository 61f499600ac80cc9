"""The caller's own account: read it, change it, close it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, update

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db, only
from backend.core.jobs.queue import enqueue
from backend.features.api_keys.service import revoke_keys
from backend.features.auth.sessions import revoke_sessions
from backend.features.links.service import revoke_links
from backend.features.spaces.service import get_space
from backend.features.users.administrators import require_other_admin
from backend.features.users.schemas import Usage, User
from backend.kit.events import UserChanged, UserDeleted
from backend.kit.vocabulary import UserRole
from backend.models import ApiKey, EmailToken, Link, UserSession
from backend.models import User as UserTable
from backend.rules import events
from backend.rules.principal import Principal

UNUSABLE = "!"
"""A password hash that no password matches."""


class _Profile(NamedTuple):
    id: UUID
    email: str
    display_name: str | None
    role: UserRole
    email_verified: bool
    created_at: datetime


async def get_user(db: Db, user_id: UUID) -> User:
    """The account of `user_id`, who has been authenticated."""
    query = select(
        UserTable.id,
        UserTable.email,
        UserTable.display_name,
        UserTable.role,
        UserTable.email_verified_at.is_not(None).label("email_verified"),
        UserTable.created_at,
    ).where(UserTable.id == user_id)
    return User.model_validate(await only(db, _Profile, query))


async def change_profile(tx: Transaction, principal: Principal, display_name: str | None) -> User:
    """Set the caller's display name."""
    await tx.execute(
        update(UserTable).where(UserTable.id == principal.user_id).values(display_name=display_name)
    )
    await events.record(tx, principal.actor, principal.user_id, UserChanged())
    return await get_user(tx, principal.user_id)


async def get_usage(db: Db, user_id: UUID) -> Usage:
    """What the caller's personal space holds and what is left, read in one statement."""
    space = await get_space(db, user_id, user_id)
    return Usage(**space.model_dump(include=set(Usage.model_fields)))


async def leave(tx: Transaction, principal: Principal) -> None:
    """Close the caller's account: its credentials and links stop working.

    The address can be registered again immediately; the job `users.purge` deletes the files.

    Raises:
        LastAdmin: no other administrator would be left.
    """
    user_id = principal.user_id
    await require_other_admin(tx, user_id)
    await tx.execute(
        update(UserTable)
        .where(UserTable.id == user_id)
        .values(
            email=f"{user_id}@deleted.invalid",
            display_name=None,
            password_hash=UNUSABLE,
            is_active=False,
        )
    )
    await tx.execute(delete(EmailToken).where(EmailToken.user_id == user_id))
    actor = principal.actor
    await revoke_sessions(tx, actor, UserSession.user_id == user_id, reason="account_closed")
    await revoke_keys(tx, actor, ApiKey.user_id == user_id)
    await revoke_links(tx, actor, Link.created_by == user_id)
    await events.record(tx, actor, user_id, UserDeleted())
    await enqueue(tx, "users.purge", {"user_id": str(user_id)}, dedupe_key=f"purge:{user_id}")
