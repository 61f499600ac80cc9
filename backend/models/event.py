"""What happened: append-only, enforced by a trigger."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from backend.models.base import Base, CreatedAt, Document, PrimaryKey


class Event(Base):
    """One change to data or rights, written in the transaction that made it.

    `actor_id` and `subject_id` are no foreign keys: an event outlives what it tells of.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject_id", "subject_id", "id"),
        Index("ix_events_actor_id", "actor_id", "id"),
        Index("ix_events_action", "action", "id"),
        # Shares and links: what happened to them is part of their file's history.
        Index(
            "ix_events_node_id",
            text("(data ->> 'node_id')"),
            "id",
            postgresql_where=text("data ->> 'node_id' IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]
    data: Mapped[Document]
    created_at: Mapped[CreatedAt]
