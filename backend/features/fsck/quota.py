"""Counters that do not add up: what each tree's versions and open uploads really take."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, func, select, text, update
from sqlalchemy.engine import Row

from backend.core.database.engine import Database, Transaction
from backend.features.fsck.findings import PATIENCE, Finding, Inspection, Kind
from backend.features.uploads.queries import is_open
from backend.models import FileVersion, Node, Upload, User
from backend.rules import audit
from backend.rules.actor import SYSTEM

OWNERS = 100
"""Accounts added up in one statement."""

COUNTERS = {"used_bytes": Kind.USED_BYTES, "reserved_bytes": Kind.RESERVED_BYTES}


async def check_quota(inspection: Inspection) -> AsyncIterator[Finding]:
    """Add up what every account uses and has reserved.

    Each change of a counter commits together with what it counts, so one statement sees both.
    """
    database = inspection.services.database
    async for row in _counted(inspection):
        wrong = {name: row for name in COUNTERS if row[name] != row[f"real_{name}"]}
        if wrong and inspection.repair:
            await _recount(database, row["id"])
        for name in wrong:
            yield Finding(
                COUNTERS[name],
                str(row["id"]),
                f"{row[name]} bytes noted, {row[f'real_{name}']} counted",
                repaired=inspection.repair,
            )


async def _counted(inspection: Inspection) -> AsyncIterator[dict[str, Any]]:
    after = UUID(int=0)
    while True:
        page_query = _counts().where(User.id > after).order_by(User.id).limit(OWNERS)
        async with inspection.services.database.transaction() as tx:
            await tx.execute(text(PATIENCE))
            page = (await tx.execute(page_query)).mappings().all()
        inspection.progress("accounts", len(page))
        for row in page:
            yield dict(row)
        if len(page) < OWNERS:
            return
        after = page[-1]["id"]


def _counts() -> Select[*tuple[Any, ...]]:
    return select(
        User.id,
        User.used_bytes,
        User.reserved_bytes,
        _used().label("real_used_bytes"),
        _reserved().label("real_reserved_bytes"),
    )


def _used() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(FileVersion.size), 0))
        .join_from(Node, FileVersion, FileVersion.node_id == Node.id)
        .where(Node.owner_id == User.id)
        .correlate(User)
        .scalar_subquery()
    )


def _reserved() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(Upload.size), 0))
        .where(Upload.owner_id == User.id, is_open)
        .correlate(User)
        .scalar_subquery()
    )


async def _recount(database: Database, owner_id: UUID) -> None:
    """Set both counters to what is counted while nobody else can change them.

    Whoever adds a version or an upload changes the counter in the same transaction. One that
    waits for our lock is not counted here, and adds its own bytes to our result afterwards.
    """
    async with database.transaction() as tx:
        await tx.execute(text(PATIENCE))
        if (old := await _lock(tx, owner_id)) is None:
            return
        recounted = await tx.execute(
            update(User)
            .where(User.id == owner_id)
            .values(used_bytes=_used(), reserved_bytes=_reserved())
            .returning(User.used_bytes, User.reserved_bytes)
        )
        new = recounted.one()
        if new != old:
            before = {f"old_{name}": count for name, count in old._mapping.items()}
            action = "user.usage_recounted"
            await audit.record(tx, SYSTEM, action, owner_id, **before, **new._mapping)


async def _lock(tx: Transaction, owner_id: UUID) -> Row[int, int] | None:
    noted = select(User.used_bytes, User.reserved_bytes).where(User.id == owner_id)
    return (await tx.execute(noted.with_for_update())).first()
