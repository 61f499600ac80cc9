"""Spaces: what owns a tree and pays for it."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import SpaceKind
from backend.models.base import Base, Bytes, CreatedAt, PrimaryKey, StrEnumType

SPACE_ID = "owner_id"
"""What the column `space_id` of nodes and uploads is called in the database.

The previous release knows it by this name; see the record on spaces for when it is renamed. Rows
that asyncpg gives have it, too, unless the statement labels the column.
"""


class Space(Base):
    """One tree and its quota: a person's own, which has the person's id, or a team's.

    Only a team's has a name. Everything in the tree counts, whoever put it there.
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
    created_at: Mapped[CreatedAt]
