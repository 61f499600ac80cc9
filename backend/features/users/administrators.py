"""There must always be an administrator."""

from uuid import UUID

from sqlalchemy import select

from backend.core.database.engine import Transaction
from backend.features.users.errors import LastAdmin
from backend.kit.vocabulary import UserRole
from backend.models import User


async def require_other_admin(tx: Transaction, user_id: UUID) -> None:
    """Call before `user_id` ceases to be an administrator who can sign in.

    Locks every administrator's row, so that no two of them leave at the same time.

    Raises:
        LastAdmin: no other administrator can sign in.
    """
    admins = await tx.execute(
        select(User.id)
        .where(User.role == UserRole.ADMIN, User.is_active)
        .order_by(User.id)
        .with_for_update()
    )
    if set(admins.scalars()) == {user_id}:
        raise LastAdmin
