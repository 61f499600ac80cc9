"""Uploads, from the reservation of their bytes to the resulting version."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import OnConflict, UploadMethod, UploadState
from backend.models.base import Base, Bytes, CreatedAt, PrimaryKey, StrEnumType
from backend.models.space import SPACE_ID

OPEN_STATES = "state IN ('pending', 'completing')"
"""While an upload is in one of these, `size` is reserved from its space's quota."""


class Upload(Base):
    """One upload, counted against its space. `created_by` is null without an account.

    `heal_at` is when the worker next checks whether the bytes have arrived without the client
    completing the upload; it is never later than `expires_at`.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        Index("ix_uploads_created_by", "created_by", "id"),
        Index("ix_uploads_open", "heal_at", postgresql_where=OPEN_STATES),
        Index("ix_uploads_open_by", "created_by", postgresql_where=OPEN_STATES),
    )

    id: Mapped[PrimaryKey]
    space_id: Mapped[UUID] = mapped_column(
        SPACE_ID, ForeignKey("spaces.id", ondelete="CASCADE"), key="space_id", index=True
    )
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    folder_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("nodes.id", ondelete="SET NULL"), index=True
    )
    file_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("nodes.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str]
    size: Mapped[Bytes]
    content_type: Mapped[str]
    checksum_sha256: Mapped[str | None]
    method: Mapped[UploadMethod] = mapped_column(StrEnumType(UploadMethod))
    on_conflict: Mapped[OnConflict] = mapped_column(StrEnumType(OnConflict))
    state: Mapped[UploadState] = mapped_column(
        StrEnumType(UploadState), server_default=UploadState.PENDING
    )
    object_key: Mapped[str] = mapped_column(String(collation="C"), unique=True)
    s3_upload_id: Mapped[str | None]
    part_size: Mapped[int | None] = mapped_column(BigInteger)
    part_checksums: Mapped[bool] = mapped_column(server_default="false")
    lease_until: Mapped[datetime | None]
    heal_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    version_id: Mapped[UUID | None]
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class UploadRow(NamedTuple):
    """A row of the table."""

    id: UUID
    space_id: UUID
    created_by: UUID | None
    folder_id: UUID | None
    file_id: UUID | None
    name: str
    size: int
    content_type: str
    checksum_sha256: str | None
    method: UploadMethod
    on_conflict: OnConflict
    state: UploadState
    object_key: str
    s3_upload_id: str | None
    part_size: int | None
    part_checksums: bool
    lease_until: datetime | None
    heal_at: datetime
    expires_at: datetime
    version_id: UUID | None
    failure_code: str | None
    failure_detail: str | None
    created_at: datetime
    finished_at: datetime | None
