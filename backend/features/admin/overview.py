"""The audit trail, and the installation in figures."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from backend.core.database.rows import Db
from backend.core.http.pages import cut_page
from backend.core.http.schema import Page
from backend.core.jobs.backlog import backlog, dead_letters
from backend.features.admin.schemas import (
    AuditEvent,
    EventFilter,
    FailedJob,
    JobCount,
    Stats,
    StorageUse,
    Users,
)
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.kit.vocabulary import NodeKind, UserRole
from backend.models import (
    Event,
    FileVersion,
    Grant,
    Link,
    Node,
    Space,
    Upload,
    User,
)


async def list_events(db: Db, wanted: EventFilter) -> Page[AuditEvent]:
    """Events that match every given condition, the latest first."""
    query = select(Event.__table__).where(*_conditions(wanted))
    query = query.order_by(Event.id.desc()).limit(wanted.limit + 1)
    if wanted.cursor:
        (last,) = decode_cursor(wanted.cursor, UUID)
        query = query.where(Event.id < last)
    rows, next_cursor = cut_page(
        list(await db.execute(query)), wanted.limit, lambda row: encode_cursor(row.id)
    )
    return Page[AuditEvent](
        items=[AuditEvent.model_validate(row) for row in rows], next_cursor=next_cursor
    )


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    exact = wanted.model_dump(
        include={"actor_id", "action", "subject_kind", "subject_id"}, exclude_none=True
    )
    conditions = [getattr(Event, name) == value for name, value in exact.items()]
    if wanted.since:
        conditions.append(Event.created_at >= wanted.since)
    if wanted.until:
        conditions.append(Event.created_at < wanted.until)
    return conditions


async def stats(db: Db) -> Stats:
    """Count everything; each figure is a statement of its own, so they may differ by an instant."""
    users = (await db.execute(_users())).one()
    spaces = (await db.execute(_spaces())).one()
    nodes = (await db.execute(_nodes())).one()
    uploads = await db.execute(
        select(Upload.state, func.count().label("number")).group_by(Upload.state)
    )
    return Stats(
        users=Users(total=users.total, active=users.active, admins=users.admins),
        storage=StorageUse(
            used_bytes=spaces.used,
            reserved_bytes=spaces.reserved,
            files=nodes.files,
            folders=nodes.folders,
            versions=await _count(db, select(func.count()).select_from(FileVersion)),
        ),
        uploads={row.state: row.number for row in uploads},
        active_links=await _count(db, _active_links()),
        shares=await _count(db, select(func.count()).select_from(Grant)),
        jobs=[JobCount.model_validate(count) for count in await backlog(db)],
        dead_letters=[FailedJob.model_validate(job) for job in await dead_letters(db)],
    )


def _users() -> Select[*tuple[Any, ...]]:
    return select(
        func.count().label("total"),
        func.count().filter(User.is_active).label("active"),
        func.count().filter(User.role == UserRole.ADMIN).label("admins"),
    )


def _spaces() -> Select[*tuple[Any, ...]]:
    return select(
        func.coalesce(func.sum(Space.used_bytes), 0).label("used"),
        func.coalesce(func.sum(Space.reserved_bytes), 0).label("reserved"),
    )


def _nodes() -> Select[*tuple[Any, ...]]:
    return select(
        func.count().filter(Node.kind == NodeKind.FILE).label("files"),
        func.count().filter(Node.kind == NodeKind.FOLDER).label("folders"),
    )


def _active_links() -> Select[*tuple[Any, ...]]:
    return select(func.count()).where(
        Link.revoked_at.is_(None), or_(Link.expires_at.is_(None), Link.expires_at > func.now())
    )


async def _count(db: Db, query: Select[*tuple[Any, ...]]) -> int:
    count: int = (await db.execute(query)).scalar_one()
    return count
