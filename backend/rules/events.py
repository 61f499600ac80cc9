"""The record: each change leaves one event, in the transaction that made it.

Recording is how a feature informs the others: activity, the audit trail, and every later reader
read the same record. The catalogue, `kit/events`, defines what can be recorded.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, insert, select

from backend.core.database.rows import Db
from backend.kit.events import Entry
from backend.kit.ids import uuid7
from backend.models import Event, Node
from backend.rules.actor import Actor


async def record(
    db: Db,
    actor: Actor,
    subject_id: UUID,
    entry: Entry,
    *,
    node_id: UUID | None = None,
    space_id: UUID | None = None,
) -> None:
    """Record that `actor` did this.

    Args:
        db: the transaction that makes the change.
        actor: who did it.
        subject_id: the file, folder, upload, share, link, key, session, user, or space it is about.
        entry: what happened.
        node_id: the file or folder it concerns, if any.
        space_id: the space it happened in; looked up by `node_id` unless given. Give it for a node
            that this transaction deletes.
    """
    await record_all(db, actor, [(subject_id, entry, node_id)], space_id=space_id)


async def record_all(
    db: Db,
    actor: Actor,
    happened: Sequence[tuple[UUID, Entry, UUID | None]],
    *,
    space_id: UUID | None = None,
) -> None:
    """`record` for many at once, each a subject, an entry and a node: one statement, however many.

    All of them happened in `space_id`, if it is given.
    """
    if happened:
        await db.execute(_INSERT, [_row(actor, *one, space_id) for one in happened])


_NODE_ID = bindparam("event_node_id", type_=Uuid())
_SPACE_OF_NODE = select(Node.space_id).where(Node.id == _NODE_ID).scalar_subquery()
_GIVEN = (
    "id",
    "actor_kind",
    "actor_id",
    "action",
    "subject_kind",
    "subject_id",
    "ip",
    "request_id",
    "data",
    "node_id",
)
_INSERT = insert(Event).values(
    {name: bindparam(f"event_{name}", type_=Event.__table__.c[name].type) for name in _GIVEN}
    | {"space_id": func.coalesce(bindparam("event_space_id", type_=Uuid()), _SPACE_OF_NODE)}
)


def _row(
    actor: Actor, subject_id: UUID, entry: Entry, node_id: UUID | None, space_id: UUID | None
) -> dict[str, Any]:
    return {
        "event_id": uuid7(),
        "event_actor_kind": actor.kind,
        "event_actor_id": actor.id,
        "event_action": entry.type,
        "event_subject_kind": entry.type.subject_kind,
        "event_subject_id": subject_id,
        "event_ip": actor.ip,
        "event_request_id": actor.request_id,
        "event_data": entry.data(),
        "event_node_id": node_id,
        "event_space_id": space_id,
    }
