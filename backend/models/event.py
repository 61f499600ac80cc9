"""Events: append-only, enforced by a trigger."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import ActorKind
from backend.models.base import Base, CreatedAt, Document, PrimaryKey, StrEnumType

CURRENT = text("(pg_current_xact_id()::text::bigint)")
"""The transaction's id, 64 bits wide: it never wraps around."""


class Event(Base):
    """One change to data or permissions, written in the transaction that made it.

    Its ids are not foreign keys: an event outlives its subject. `transaction_id` is for readers
    that continue where they stopped: `id` is generated before the commit, so by `id` alone they
    would skip late commits. Like node and space, it is null in events older than the column.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject_id", "subject_id", "id"),
        Index("ix_events_actor_id", "actor_id", "id"),
        Index("ix_events_action", "action", "id"),
        # Shares and links: their events are part of their file's history.
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
