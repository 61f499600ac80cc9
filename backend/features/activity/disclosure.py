"""What an event tells whoever may see its file: ids and names only of what they saw themselves."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from backend.core.database.rows import Db, rows
from backend.kit.events import EventType, disclosure
from backend.kit.vocabulary import ActorKind, Role
from backend.models import Event
from backend.rules import access
from backend.rules.access import SeenNode

NEVER = datetime.max.replace(tzinfo=UTC)
MOVED = (EventType.FILE_MOVED, EventType.FOLDER_MOVED)


class Told(NamedTuple):
    """An event, with the name of the user who caused it."""

    id: UUID
    action: str
    subject_kind: str
    subject_id: UUID
    actor_kind: ActorKind
    actor_id: UUID | None
    display_name: str | None
    data: dict[str, Any]
    ip: str | None
    created_at: datetime


async def to_viewer(
    db: Db, user_id: UUID, file: SeenNode, events: Sequence[Told]
) -> Sequence[Told]:
    """Leave out what the user cannot know: folders they do not see, names from before their time.

    Owners are responsible for the file and see its former names; ids are withheld from them, too.
    """
    named = {one for event in events for one in disclosure.nodes(event.data)}
    hidden = {str(one) for one in named - await access.seen_among(db, user_id, named)}
    since = None if file.role >= Role.OWNER else await _seen_since(db, user_id, file)
    return [event._replace(data=_disclosed(event, hidden, since)) for event in events]


def _disclosed(event: Told, hidden: set[str], since: datetime | None) -> dict[str, Any]:
    data = disclosure.without_nodes(event.data, hidden)
    early = since is not None and event.created_at < since
    return disclosure.without_names(data) if early else data


async def _seen_since(db: Db, user_id: UUID, file: SeenNode) -> datetime:
    """When the user could first see the file where it is now.

    That is when they were given a role on it, or on a folder above it: then not before it, and
    everything between it and that folder, was moved there.
    """
    lineage = [*file.path, file.id]
    moves = await _last_moves(db, lineage)
    began = [
        max([since, *(moves[one] for one in lineage[lineage.index(given) + 1 :] if one in moves)])
        for given, since in await access.granted_since(db, user_id, lineage)
    ]
    return min(began, default=NEVER)


class _Move(NamedTuple):
    subject_id: UUID
    at: datetime


async def _last_moves(db: Db, node_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    query = (
        select(Event.subject_id, func.max(Event.created_at).label("at"))
        .where(Event.subject_id.in_(list(node_ids)), Event.action.in_(MOVED))
        .group_by(Event.subject_id)
    )
    return {move.subject_id: move.at for move in await rows(db, _Move, query)}
