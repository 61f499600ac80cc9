"""The audit trail: each change leaves one event in the transaction that made it.

Recording is also how a feature informs the others: activity feeds and the admin's log read it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.sql.dml import Insert

from backend.core.database.rows import Db
from backend.models import Event
from backend.rules.actor import Actor


async def record(
    db: Db,
    actor: Actor,
    action: str,
    subject_id: UUID,
    **data: Any,
) -> None:
    """Write down that `actor` did `action` (`file.renamed`) to `subject_id`.

    Args:
        db: the transaction that makes the change.
        actor: who did it.
        action: `<subject kind>.<past participle>`.
        subject_id: the file, folder, share, link or user it was done to.
        data: JSON details; never a secret.
    """
    await db.execute(event_insert(actor, action, subject_id, data))


async def record_all(
    db: Db, actor: Actor, action: str, subjects: Sequence[tuple[UUID, dict[str, Any]]]
) -> None:
    """`record` for many at once: each subject with its data. However many, it stays one call."""
    if subjects:
        events = [_event(actor, action, subject_id, data) for subject_id, data in subjects]
        await db.execute(insert(Event), events)


def event_insert(actor: Actor, action: str, subject_id: UUID, data: dict[str, Any]) -> Insert:
    """The statement behind `record`, for queries that carry their event along."""
    return insert(Event).values(_event(actor, action, subject_id, data))


def _event(actor: Actor, action: str, subject_id: UUID, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "subject_kind": action.partition(".")[0],
        "subject_id": subject_id,
        "ip": actor.ip,
        "request_id": actor.request_id,
        "data": data,
    }
