"""Spaces: a space owns a tree and its quota."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import SpaceKind
from backend.models.base import Base, Bytes, CreatedAt, PrimaryKey, StrEnumType

SPACE_ID = "owner_id"
"""The database's name for the column `space_id` of nodes and uploads.

The previous release uses this name; the decision record on spaces says when it is renamed. Rows
from asyncpg have it, too, unless the statement labels the column.
"""


class Space(Base):
    """One tree and its quota: a personal space, which has its user's id, or a team space.

    Only team spaces have a name. Everything in the tree counts, whoever put it there.
    `freed_bytes` is what stopped counting on the day `freed_on` (UTC): S3 keeps it for a while.
    """

    __tablename__ = "spaces"
    __table_args__ = (
        CheckConstraint("kind IN ('personal', 'team')", name="kind"),
        CheckConstraint("(kind = 'personal') = (name IS NULL)", name="name"),
        CheckConstraint("quota_bytes >= 0", name="quota_bytes"),
        CheckConstraint("used_bytes >= 0", name="used_bytes"),
        CheckConstraint("reserved_bytes >= 0", name="reserved_bytes"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[SpaceKind] = mapped_column(StrEnumType(SpaceKind))
    name: Mapped[str | None]
    quota_bytes: Mapped[Bytes]
    used_bytes: Mapped[Bytes] = mapped_column(server_default="0")
    reserved_bytes: Mapped[Bytes] = mapped_column(server_default="0")
    freed_bytes: Mapped[Bytes] = mapped_column(server_default="0")
    freed_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
