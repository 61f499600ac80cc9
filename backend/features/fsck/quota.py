"""Counters that do not add up: what each tree's versions and open uploads really use."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, func, select, text, update

from backend.core.database.engine import Database, Transaction
from backend.core.database.rows import first
from backend.features.fsck.findings import PATIENCE, Finding, Inspection, Kind
from backend.features.uploads.queries import is_open
from backend.kit.events import UsageRecounted
from backend.kit.vocabulary import SpaceKind
from backend.models import FileVersion, Node, Space, Upload
from backend.rules import events, quota
from backend.rules.actor import SYSTEM

SPACES = 100
"""How many spaces are added up in one statement."""

COUNTERS = {"used_bytes": Kind.USED_BYTES, "reserved_bytes": Kind.RESERVED_BYTES}


async def check_quota(inspection: Inspection) -> AsyncIterator[Finding]:
    """Add up what every space uses and has reserved.

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
                f"{row[name]} bytes recorded, {row[f'real_{name}']} counted",
                repaired=inspection.repair,
            )


async def _counted(inspection: Inspection) -> AsyncIterator[dict[str, Any]]:
    after = UUID(int=0)
    while True:
        page_query = _counts().where(Space.id > after).order_by(Space.id).limit(SPACES)
        async with inspection.services.database.transaction() as tx:
            await tx.execute(text(PATIENCE))
            page = (await tx.execute(page_query)).mappings().all()
        inspection.progress("spaces", len(page))
        for row in page:
            yield dict(row)
        if len(page) < SPACES:
            return
        after = page[-1]["id"]


def _counts() -> Select[*tuple[Any, ...]]:
    return select(
        Space.id,
        Space.used_bytes,
        Space.reserved_bytes,
        _used().label("real_used_bytes"),
        _reserved().label("real_reserved_bytes"),
    )


def _used() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(FileVersion.size), 0))
        .join_from(Node, FileVersion, FileVersion.node_id == Node.id)
        .where(Node.space_id == Space.id)
        .correlate(Space)
        .scalar_subquery()
    )


def _reserved() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(Upload.size), 0))
        .where(Upload.space_id == Space.id, is_open)
        .correlate(Space)
        .scalar_subquery()
    )


class _Noted(NamedTuple):
    kind: SpaceKind
    used_bytes: int
    reserved_bytes: int


async def _recount(database: Database, space_id: UUID) -> None:
    """Recount both counters while no other transaction can change them.

    Adding a version or an upload changes the counter in the same transaction. A transaction that
    waits for our lock is not counted here, and adds its own bytes to our result afterwards.
    """
    async with database.transaction() as tx:
        await tx.execute(text(PATIENCE))
        if (old := await _lock(tx, space_id)) is None:
            return
        counted = await tx.execute(
            update(Space)
            .where(Space.id == space_id)
            .values(used_bytes=_used(), reserved_bytes=_reserved())
            .returning(Space.used_bytes, Space.reserved_bytes)
        )
        new = counted.one()._asdict()
        before = {name: getattr(old, name) for name in COUNTERS}
        if new != before:
            recounted = UsageRecounted(
                kind=old.kind,
                old_used_bytes=old.used_bytes,
                old_reserved_bytes=old.reserved_bytes,
                used_bytes=new["used_bytes"],
                reserved_bytes=new["reserved_bytes"],
            )
            await events.record(tx, SYSTEM, space_id, recounted, space_id=space_id)


async def _lock(tx: Transaction, space_id: UUID) -> _Noted | None:
    noted = select(Space.kind, Space.used_bytes, Space.reserved_bytes).where(
        quota.of_space(space_id)
    )
    return await first(tx, _Noted, noted.with_for_update())
