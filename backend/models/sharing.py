"""Who may see what: grants to people, and links for anyone who has the token."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import Role
from backend.models.base import Base, CreatedAt, IntEnumType, PrimaryKey


class Grant(Base):
    """A role on a node and everything below it, for an account or for an invited address.

    `api_key_id` is the key that gave the role, if it was a key and still exists.
    """

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (email IS NULL)", name="grantee"),
        Index("uq_grants_user", "user_id", "node_id", unique=True),
        Index("ix_grants_node_id", "node_id"),
        Index("ix_grants_api_key_id", "api_key_id", "id"),
    )

    id: Mapped[PrimaryKey]
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str | None]
    role: Mapped[Role] = mapped_column(IntEnumType(Role))
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


Index("uq_grants_email", func.lower(Grant.email), Grant.node_id, unique=True)


class Link(Base):
    """A link. Its token is stored as a hash; `download_count` never exceeds `max_downloads`.

    `api_key_id` is the key that made it, if it was a key and still exists.
    """

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("download_count <= max_downloads", name="download_count"),
        Index("ix_links_created_by", "created_by", "id"),
        Index("ix_links_api_key_id", "api_key_id", "id"),
    )

    id: Mapped[PrimaryKey]
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    password_hash: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    max_downloads: Mapped[int | None]
    download_count: Mapped[int] = mapped_column(server_default="0")
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class GrantRow(NamedTuple):
    """A row of the table."""

    id: UUID
    node_id: UUID
    user_id: UUID | None
    email: str | None
    role: Role
    created_by: UUID | None
    created_at: datetime


class LinkRow(NamedTuple):
    """A row of the table, without the token."""

    id: UUID
    node_id: UUID
    created_by: UUID
    password_hash: str | None
    expires_at: datetime | None
    max_downloads: int | None
    download_count: int
    revoked_at: datetime | None
    created_at: datetime
