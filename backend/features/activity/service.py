"""Feeds of events, newest first."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.orm import aliased

from backend.core.database.keyset import descending
from backend.core.database.rows import Db
from backend.core.http.schema import Page
from backend.features.activity import disclosure
from backend.features.activity.disclosure import Told
from backend.features.activity.schemas import Activity, OwnActivity, Who
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Event, User
from backend.rules import access

NEWEST = descending(id=Event.id)


async def of_file(
    db: Db, user_id: UUID, file_id: UUID, limit: int, cursor: str | None
) -> Page[Activity]:
    """What happened to a file; its owners also see how it was shared and downloaded.

    Raises:
        NotFound: there is no such file, or the caller may not see it.
    """
    file = await access.require(db, user_id, file_id, Role.VIEWER, kind=NodeKind.FILE)
    sources = [Event.subject_id == file_id]
    if file.role >= Role.OWNER:
        sources.append(Event.data["node_id"].astext == str(file_id))
    items, next_cursor = await _latest(db, sources, limit, cursor)
    shown = await disclosure.to_viewer(db, user_id, file, items)
    return Page[Activity](
        items=[Activity(**_shared(row)) for row in shown], next_cursor=next_cursor
    )


async def of_user(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Page[OwnActivity]:
    """What the user did, and what happened to their account."""
    sources = [Event.actor_id == user_id, Event.subject_id == user_id]
    items, next_cursor = await _latest(db, sources, limit, cursor)
    return Page[OwnActivity](
        items=[OwnActivity(**_shared(row), ip=_own_ip(row, user_id)) for row in items],
        next_cursor=next_cursor,
    )


async def _latest(
    db: Db, sources: list[ColumnElement[bool]], limit: int, cursor: str | None
) -> tuple[Sequence[Told], str | None]:
    """A page of the newest events of all sources.

    Each source is cut by itself, so that its index supplies the newest events without a full sort.
    """
    branches = [select(Event.id).where(source) for source in sources]
    newest = [NEWEST.narrow(branch, limit, cursor).subquery() for branch in branches]
    ids = union_all(*(select(part.c.id) for part in newest)).subquery()
    actor = aliased(User)
    query = (
        select(
            Event.id,
            Event.action,
            Event.subject_kind,
            Event.subject_id,
            Event.actor_kind,
            Event.actor_id,
            actor.display_name,
            Event.data,
            Event.ip,
            Event.created_at,
        )
        .join(actor, actor.id == Event.actor_id, isouter=True)
        .where(Event.id.in_(select(ids.c.id)))
    )
    return await NEWEST.fetch(db, Told, query, limit, None)


def _shared(row: Told) -> dict[str, Any]:
    who = Who(kind=row.actor_kind, id=row.actor_id, display_name=row.display_name)
    return {
        "id": row.id,
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "actor": who,
        "data": row.data,
        "created_at": row.created_at,
    }


def _own_ip(row: Told, user_id: UUID) -> str | None:
    """The caller's own address; a stranger's or an administrator's is not disclosed."""
    return row.ip if row.actor_id == user_id else None
