"""Feeds of events, the latest first."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, union_all
from sqlalchemy.engine import Row
from sqlalchemy.orm import aliased

from backend.core.database.rows import Db
from backend.core.http.pages import cut_page
from backend.core.http.schema import Page
from backend.features.activity.schemas import Activity, OwnActivity, Who
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.kit.vocabulary import ActorKind, NodeKind, Role
from backend.models import Event, User
from backend.rules.access import require


async def of_file(
    db: Db, user_id: UUID, file_id: UUID, limit: int, cursor: str | None
) -> Page[Activity]:
    """What happened to a file; its owners also see how it was shared.

    Raises:
        NotFound: no such file, or invisible to the caller.
    """
    file = await require(db, user_id, file_id, Role.VIEWER, kind=NodeKind.FILE)
    sources = [Event.subject_id == file_id]
    if file.role >= Role.OWNER:
        sources.append(Event.data["node_id"].astext == str(file_id))
    rows = await _latest(db, sources, limit, cursor)
    items, next_cursor = cut_page(rows, limit, _cursor_of)
    return Page[Activity](
        items=[Activity(**_shared(row)) for row in items], next_cursor=next_cursor
    )


async def of_user(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Page[OwnActivity]:
    """What the user did, and what was done to their account."""
    sources = [Event.actor_id == user_id, Event.subject_id == user_id]
    rows = await _latest(db, sources, limit, cursor)
    items, next_cursor = cut_page(rows, limit, _cursor_of)
    return Page[OwnActivity](
        items=[OwnActivity(**_shared(row), ip=_own_ip(row, user_id)) for row in items],
        next_cursor=next_cursor,
    )


async def _latest(
    db: Db, sources: list[ColumnElement[bool]], limit: int, cursor: str | None
) -> list[Row[Any]]:
    """The newest events of all sources, one more than the page holds.

    Each source is cut by itself, so that its index gives the newest and nothing is sorted whole.
    """
    newest = [_newest_ids(source, limit, cursor).subquery() for source in sources]
    ids = union_all(*(select(part.c.id) for part in newest)).subquery()
    actor = aliased(User)
    query = (
        select(*Event.__table__.columns, actor.display_name)
        .join(actor, actor.id == Event.actor_id, isouter=True)
        .where(Event.id.in_(select(ids.c.id)))
        .order_by(Event.id.desc())
        .limit(limit + 1)
    )
    return list(await db.execute(query))


def _newest_ids(source: ColumnElement[bool], limit: int, cursor: str | None) -> Select[UUID]:
    query = select(Event.id).where(source).order_by(Event.id.desc()).limit(limit + 1)
    if cursor:
        (last,) = decode_cursor(cursor, UUID)
        query = query.where(Event.id < last)
    return query


def _cursor_of(row: Row[Any]) -> str:
    return encode_cursor(row.id)


def _shared(row: Row[Any]) -> dict[str, Any]:
    who = Who(kind=ActorKind(row.actor_kind), id=row.actor_id, display_name=row.display_name)
    return {
        "id": row.id,
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "actor": who,
        "data": row.data,
        "created_at": row.created_at,
    }


def _own_ip(row: Row[Any], user_id: UUID) -> str | None:
    """One's own address; that of an administrator is nobody's business."""
    return row.ip if row.actor_id in (user_id, None) else None
