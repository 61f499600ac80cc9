"""Creating accounts: by registration, or by the operator."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from backend.core.database.engine import Transaction
from backend.core.settings import Settings
from backend.features.shares.invitations import accept_invitations
from backend.features.spaces.service import create_space
from backend.features.users.errors import EmailTaken
from backend.kit.events import UserRegistered
from backend.kit.vocabulary import SpaceKind, UserRole
from backend.models import User
from backend.rules import events
from backend.rules.actor import Actor


async def create_user(
    tx: Transaction,
    settings: Settings,
    actor: Actor,
    email: str,
    password_hash: str,
    *,
    display_name: str | None = None,
    role: UserRole = UserRole.USER,
    verified_at: datetime | None = None,
) -> UUID:
    """Add an account with an empty personal space of the default quota; return its id.

    Args:
        tx: the caller's transaction.
        settings: for the default quota.
        actor: who creates it.
        email: normalized by `kit.text.emails.normalize_email`.
        password_hash: from `Passwords.hash`.
        display_name: the name that others see.
        role: user or admin.
        verified_at: when the address was verified, if it was.

    Raises:
        EmailTaken: the address already has an account; `tx` remains usable.
    """
    row = insert(User).values(
        email=email,
        password_hash=password_hash,
        display_name=display_name,
        role=role,
        email_verified_at=verified_at,
    )
    # Of two simultaneous registrations, the second waits here for the first.
    unique = row.on_conflict_do_nothing(index_elements=[func.lower(User.email)])
    user_id = (await tx.execute(unique.returning(User.id))).scalar_one_or_none()
    if user_id is None:
        raise EmailTaken
    await create_space(tx, user_id, SpaceKind.PERSONAL, settings.default_quota_bytes)
    await events.record(tx, actor, user_id, UserRegistered(role=role))
    if verified_at is not None:
        await accept_invitations(tx, actor, user_id, email)
    return user_id
