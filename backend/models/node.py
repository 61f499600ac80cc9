"""The tree of files and folders, and the immutable versions of a file."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.checksums import ChecksumType
from backend.kit.vocabulary import NodeKind
from backend.models.base import Base, Bytes, CreatedAt, PrimaryKey, StrEnumType
from backend.models.space import SPACE_ID

TRASH_ROOT = "trash_root_id = id"


class Node(Base):
    """A file or a folder.

    `path` contains the ids of all ancestors, root first. Trashing marks the node and everything
    live below it with the same `trash_root_id`, so that restoring brings back exactly those.
    `size` and `content_type` repeat those of the current version, for sorting and filtering.
    `name_key` sorts by code point, regardless of the server's locale.
    """

    __tablename__ = "nodes"
    __table_args__ = (
        CheckConstraint("kind IN ('file', 'folder')", name="kind"),
        CheckConstraint("(trashed_at IS NULL) = (trash_root_id IS NULL)", name="trash"),
        CheckConstraint("cardinality(path) > 0 OR parent_id IS NULL", name="path"),
        Index("uq_nodes_owner_root", "space_id", unique=True, postgresql_where="parent_id IS NULL"),
        Index(
            "uq_nodes_parent_name",
            "parent_id",
            "name_key",
            unique=True,
            postgresql_where="trashed_at IS NULL AND parent_id IS NOT NULL",
        ),
        # Not partial: permanently deleting a folder looks up its children, including trashed ones.
        Index("ix_nodes_parent_updated", "parent_id", "updated_at", "id"),
        Index(
            "ix_nodes_parent_size", "parent_id", "size", "id", postgresql_where="trashed_at IS NULL"
        ),
        Index(
            "ix_nodes_subfolders",
            "parent_id",
            "name_key",
            postgresql_where="kind = 'folder' AND trashed_at IS NULL",
        ),
        Index("ix_nodes_owner_name", "space_id", "kind", "name_key", "id"),
        # GIN serves any subset of its columns: a subtree, and a name within a tree or a subtree.
        Index(
            "ix_nodes_search",
            "space_id",
            "path",
            "name_key",
            postgresql_using="gin",
            postgresql_ops={"name_key": "gin_trgm_ops"},
        ),
        Index("ix_nodes_trash", "space_id", "trashed_at", "id", postgresql_where=TRASH_ROOT),
        Index("ix_nodes_trash_path", "path", postgresql_using="gin", postgresql_where=TRASH_ROOT),
        Index("ix_nodes_trash_root", "trash_root_id", postgresql_where="trash_root_id IS NOT NULL"),
    )

    id: Mapped[PrimaryKey]
    space_id: Mapped[UUID] = mapped_column(SPACE_ID, ForeignKey("spaces.id"), key="space_id")
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"))
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    kind: Mapped[NodeKind] = mapped_column(StrEnumType(NodeKind))
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(String(collation="C"))
    size: Mapped[Bytes] = mapped_column(server_default="0")
    content_type: Mapped[str | None]
    current_version_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("file_versions.id", use_alter=True, deferrable=True, initially="DEFERRED"),
        index=True,
    )
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    trashed_at: Mapped[datetime | None]
    trash_root_id: Mapped[UUID | None]


class FileVersion(Base):
    """The content of a file at one time. Copies share the object, so rows may have the same key.

    `object_key` sorts by bytes, as S3 lists do, so one walk over both compares bucket and database.
    """

    __tablename__ = "file_versions"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        Index("ix_file_versions_node_id", "node_id", "id"),
    )

    id: Mapped[PrimaryKey]
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"))
    object_key: Mapped[str] = mapped_column(String(collation="C"), index=True)
    size: Mapped[Bytes]
    content_type: Mapped[str]
    etag: Mapped[str]
    checksum_sha256: Mapped[str | None]
    checksum_type: Mapped[ChecksumType | None] = mapped_column(StrEnumType(ChecksumType))
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[CreatedAt]


live = Node.trashed_at.is_(None)
"""The condition of every query except those for the trash."""


class NodeRow(NamedTuple):
    """A row of the table, without what only sorting and searching need."""

    id: UUID
    space_id: UUID
    parent_id: UUID | None
    path: list[UUID]
    kind: NodeKind
    name: str
    size: int
    content_type: str | None
    current_version_id: UUID | None
    trashed_at: datetime | None
    trash_root_id: UUID | None
