"""One's own account: see it, change it, leave."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select, update
from sqlalchemy.engine import Row

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db
from backend.core.jobs.queue import enqueue
from backend.features.api_keys.service import revoke_keys
from backend.features.auth.sessions import revoke_sessions
from backend.features.links.service import revoke_links
from backend.features.spaces.service import get_space
from backend.features.users.administrators import require_other_admin
from backend.features.users.schemas import Usage, User
from backend.models import (
    ApiKey,
    EmailToken,
    Link,
    UserSession,
)
from backend.models import User as UserRow
from backend.rules import audit
from backend.rules.principal import Principal

UNUSABLE = "!"
"""A password hash that no password matches."""


async def get_user(db: Db, user_id: UUID) -> User:
    """The account of `user_id`, who has been authenticated."""
    return _present((await db.execute(_users().where(UserRow.id == user_id))).one())


def _users() -> Select[*tuple[Any, ...]]:
    return select(
        UserRow.id,
        UserRow.email,
        UserRow.display_name,
        UserRow.role,
        UserRow.email_verified_at.is_not(None).label("email_verified"),
        UserRow.created_at,
    )


def _present(row: Row[Any]) -> User:
    return User.model_validate(row)


async def change_profile(tx: Transaction, principal: Principal, display_name: str | None) -> User:
    """Set the caller's display name."""
    await tx.execute(
        update(UserRow).where(UserRow.id == principal.user_id).values(display_name=display_name)
    )
    await audit.record(tx, principal.actor, "user.changed", principal.user_id)
    return await get_user(tx, principal.user_id)


async def get_usage(db: Db, user_id: UUID) -> Usage:
    """What the caller stores in their personal space and may still store, in one statement."""
    space = await get_space(db, user_id, user_id)
    return Usage(**space.model_dump(include=set(Usage.model_fields)))


async def leave(tx: Transaction, principal: Principal) -> None:
    """Close the caller's account: from now on no credential and no link of theirs works.

    The e-mail is free again at once; files are deleted by the job `users.purge`.

    Raises:
        LastAdmin: nobody could administer the other accounts any more.
    """
    user_id = principal.user_id
    await require_other_admin(tx, user_id)
    await tx.execute(
        update(UserRow)
        .where(UserRow.id == user_id)
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
    await audit.record(tx, actor, "user.deleted", user_id)
    await enqueue(tx, "users.purge", {"user_id": str(user_id)}, dedupe_key=f"purge:{user_id}")
