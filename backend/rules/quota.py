"""Quota: every change is one conditional UPDATE, so that it holds under any concurrency.

A space pays for everything in its tree: `used_bytes` is the total size of all versions,
`reserved_bytes` the total size of open uploads. Taking more never makes their sum exceed
`quota_bytes`.
"""

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)

from backend.core.database.engine import Transaction
from backend.core.errors import QuotaExceeded
from backend.kit import faults
from backend.models import Space, User


async def reserve(tx: Transaction, space_id: UUID, size: int) -> None:
    """Set `size` bytes aside for an upload.

    Raises:
        QuotaExceeded: not enough is left.
    """
    await _take(tx, space_id, size, reserved_bytes=Space.reserved_bytes + size)


async def charge(tx: Transaction, space_id: UUID, size: int) -> None:
    """Count `size` bytes as used without a reservation, as a copy does.

    Raises:
        QuotaExceeded: not enough is left.
    """
    await _take(tx, space_id, size, used_bytes=Space.used_bytes + size)


def of_space(space_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """SQL: the selected space is this one; who changes a quota finds its row by this.

    A person's account is locked before it. The previous release locks the account, and then its
    trigger the space: as long as both run, whoever does it the other way round may wait in a
    circle. When the triggers go, so does this.
    """
    account = (
        select(User.id)
        .where(User.id == space_id)
        .with_for_update(key_share=True)
        .correlate_except(User)
        .scalar_subquery()
    )
    return Space.id == func.coalesce(account, space_id)


def fits(size: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: whether the selected space has room for `size` bytes.

    Zero bytes always fit, even if an administrator has lowered the quota below the usage.
    """
    return or_(Space.quota_bytes - Space.used_bytes - Space.reserved_bytes >= size, size == 0)


_TODAY = cast(func.timezone("UTC", func.now()), Date)


def may_go_on(times: ColumnElement[int], size: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: the selected space has freed at most `times` its quota today, or `size` is zero.

    A store that keeps deleted objects for a while keeps what no quota counts any longer.
    """
    return or_(
        size == 0,
        Space.freed_on.is_distinct_from(_TODAY),
        Space.freed_bytes / times <= Space.quota_bytes,  # the product may be out of range
    )


async def _take(tx: Transaction, space_id: UUID, size: int, **values: object) -> None:
    taken = await tx.execute(
        update(Space)
        .where(of_space(space_id), fits(literal(size, BigInteger)))
        .values(values)
        .returning(Space.id)
    )
    if taken.first() is None:
        raise QuotaExceeded(f"Storing {size} bytes would exceed the storage quota.")
    faults.reach("quota.taken")


async def settle(tx: Transaction, space_id: UUID, size: int) -> None:
    """Turn a reservation of `size` bytes into usage: the upload completed."""
    await _change(
        tx,
        space_id,
        reserved_bytes=Space.reserved_bytes - size,
        used_bytes=Space.used_bytes + size,
    )


async def release(tx: Transaction, space_id: UUID, size: int, *, sent: int) -> None:
    """Release a reservation of `size` bytes: the upload ended without a file.

    `sent` of them may be at S3 as an object, which will be deleted.
    """
    reserved = Space.reserved_bytes - size
    await _change(tx, space_id, reserved_bytes=reserved, **_freed(sent))


async def refund(tx: Transaction, space_id: UUID, size: int) -> None:
    """Stop counting `size` bytes: their versions are gone."""
    await _change(tx, space_id, used_bytes=Space.used_bytes - size, **_freed(size))


def _freed(size: int) -> dict[str, object]:
    before = case((Space.freed_on == _TODAY, Space.freed_bytes), else_=0)
    return {"freed_bytes": before + size, "freed_on": _TODAY}


async def _change(tx: Transaction, space_id: UUID, **values: object) -> None:
    await tx.execute(update(Space).where(of_space(space_id)).values(values))
    faults.reach("quota.changed")
