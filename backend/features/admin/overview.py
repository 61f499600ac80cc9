"""The audit trail, and statistics of the installation."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from backend.core.database.keyset import descending
from backend.core.database.rows import Db, columns
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
from backend.kit.events import disclosure
from backend.kit.vocabulary import ActorKind, NodeKind, UserRole
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

NEWEST = descending(id=Event.id)


class _Recorded(NamedTuple):
    """An event as administrators see it: all but the transaction, which only feeds read."""

    id: UUID
    actor_kind: ActorKind
    actor_id: UUID | None
    action: str
    subject_kind: str
    subject_id: UUID
    node_id: UUID | None
    space_id: UUID | None
    ip: str | None
    request_id: str | None
    data: dict[str, Any]
    created_at: datetime


async def list_events(db: Db, wanted: EventFilter) -> Page[AuditEvent]:
    """Events that match every given condition, newest first, without the names of files."""
    query = select(*columns(_Recorded, Event)).where(*_conditions(wanted))
    found, next_cursor = await NEWEST.fetch(db, _Recorded, query, wanted.limit, wanted.cursor)
    items = [AuditEvent.model_validate(_nameless(one)) for one in found]
    return Page(items=items, next_cursor=next_cursor)


def _nameless(event: _Recorded) -> _Recorded:
    """Administrators see no files, and the name of one can say as much as its content."""
    if event.subject_kind not in disclosure.NAMED_KINDS:
        return event
    return event._replace(data=disclosure.without_names(event.data))


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
    """Count everything, each figure in its own statement: they are not one consistent snapshot."""
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
