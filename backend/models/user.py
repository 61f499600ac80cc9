"""Accounts and their credentials."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.vocabulary import EmailTokenPurpose, UserRole
from backend.models.base import Base, Bytes, CreatedAt, PrimaryKey, StrEnumType


class User(Base):
    """A user. Their files are in the space that has their id.

    The quota columns here are for the previous release: triggers keep them equal to those of the
    space until no process reads them any longer. Nothing else may use them.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("used_bytes >= 0", name="used_bytes"),
        CheckConstraint("reserved_bytes >= 0", name="reserved_bytes"),
        CheckConstraint("quota_bytes >= 0", name="quota_bytes"),
    )

    id: Mapped[PrimaryKey]
    email: Mapped[str]
    display_name: Mapped[str | None]
    password_hash: Mapped[str]
    role: Mapped[UserRole] = mapped_column(StrEnumType(UserRole), server_default=UserRole.USER)
    is_active: Mapped[bool] = mapped_column(server_default="true")
    email_verified_at: Mapped[datetime | None]
    quota_bytes: Mapped[Bytes] = mapped_column(server_default="0")
    used_bytes: Mapped[Bytes] = mapped_column(server_default="0")
    reserved_bytes: Mapped[Bytes] = mapped_column(server_default="0")
    created_at: Mapped[CreatedAt]


Index("uq_users_email", func.lower(User.email), unique=True)


class UserSession(Base):
    """One sign-in on one device: a family of refresh tokens that are revoked together."""

    __tablename__ = "sessions"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str | None]
    ip: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]


class RefreshToken(Base):
    """One token in a session's chain; using a rotated one revokes the session."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)
    rotated_at: Mapped[datetime | None]


class ApiKey(Base):
    """A credential for programs; `prefix` is its public part, shown in lists."""

    __tablename__ = "api_keys"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class EmailToken(Base):
    """A secret sent by mail, to be used once: it verifies an address or allows a new password."""

    __tablename__ = "email_tokens"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[EmailTokenPurpose] = mapped_column(StrEnumType(EmailTokenPurpose))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
