"""What happened: append-only, enforced by a trigger."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import ActorKind
from backend.models.base import Base, CreatedAt, Document, PrimaryKey, StrEnumType

CURRENT = text("(pg_current_xact_id()::text::bigint)")
"""The transaction's id, 64 bits wide: it never wraps around."""


class Event(Base):
    """One change to data or rights, written in the transaction that made it.

    Its ids are no foreign keys: an event outlives what it tells of. `transaction_id` is for readers
    that go on where they stopped: `id` is made before the commit, so they would skip a late one.
    It is null, like node and space, in events from before they were kept.
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
    transaction_id: Mapped[int | None] = mapped_column(BigInteger, server_default=CURRENT)
    actor_kind: Mapped[ActorKind] = mapped_column(StrEnumType(ActorKind))
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    node_id: Mapped[UUID | None]
    space_id: Mapped[UUID | None]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]
    data: Mapped[Document]
    created_at: Mapped[CreatedAt]
