"""Quota: one conditional UPDATE each, so that it holds under any concurrency.

The owner of a tree pays for everything in it: `used_bytes` is the sum of all versions' sizes,
`reserved_bytes` the sum of open uploads' sizes, and together they never pass `quota_bytes`.
"""

from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, literal, or_, update

from backend.core.database.engine import Transaction
from backend.core.errors import QuotaExceeded
from backend.kit import faults
from backend.models import User


async def reserve(tx: Transaction, owner_id: UUID, size: int) -> None:
    """Set `size` bytes aside for an upload.

    Raises:
        QuotaExceeded: not enough is left.
    """
    await _take(tx, owner_id, size, reserved_bytes=User.reserved_bytes + size)


async def charge(tx: Transaction, owner_id: UUID, size: int) -> None:
    """Count `size` bytes as used without a reservation, as a copy does.

    Raises:
        QuotaExceeded: not enough is left.
    """
    await _take(tx, owner_id, size, used_bytes=User.used_bytes + size)


def fits(size: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: whether the selected user has room for so many bytes.

    None at all always fit, also where an admin has lowered the quota below what is used.
    """
    return or_(User.quota_bytes - User.used_bytes - User.reserved_bytes >= size, size == 0)


async def _take(tx: Transaction, owner_id: UUID, size: int, **values: object) -> None:
    taken = await tx.execute(
        update(User)
        .where(User.id == owner_id, fits(literal(size, BigInteger)))
        .values(values)
        .returning(User.id)
    )
    if taken.first() is None:
        raise QuotaExceeded(f"Storing {size} bytes would exceed the storage quota.")
    faults.reach("quota.taken")


async def settle(tx: Transaction, owner_id: UUID, size: int) -> None:
    """Turn a reservation of `size` bytes into use: the upload completed."""
    await _change(
        tx,
        owner_id,
        reserved_bytes=User.reserved_bytes - size,
        used_bytes=User.used_bytes + size,
    )


async def release(tx: Transaction, owner_id: UUID, size: int) -> None:
    """Give a reservation of `size` bytes back: the upload ended without a file."""
    await _change(tx, owner_id, reserved_bytes=User.reserved_bytes - size)


async def refund(tx: Transaction, owner_id: UUID, size: int) -> None:
    """Stop counting `size` bytes: their versions are gone."""
    await _change(tx, owner_id, used_bytes=User.used_bytes - size)


async def _change(tx: Transaction, owner_id: UUID, **values: object) -> None:
    await tx.execute(update(User).where(User.id == owner_id).values(values))
    faults.reach("quota.changed")
