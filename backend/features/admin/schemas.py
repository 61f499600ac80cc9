"""What administrators can see and change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from backend.core.http.schema import Instant, Schema
from backend.kit.events import EventType
from backend.kit.vocabulary import ActorKind, UploadState, UserRole

MAX_QUOTA = 2**63 - 1
"""The largest value of PostgreSQL's bigint."""


class Account(Schema):
    """An account, as administrators see it. Sizes are in bytes."""

    id: UUID
    email: str = Field(examples=["ada@example.com"])
    display_name: str | None = Field(examples=["Ada Lovelace"])
    role: UserRole
    is_active: bool
    email_verified: bool
    quota_bytes: int = Field(examples=[10737418240])
    used_bytes: int = Field(examples=[5242880])
    reserved_bytes: int = Field(examples=[0])
    created_at: datetime


class AccountUpdate(Schema):
    """What to change. Omitted fields keep their values."""

    quota_bytes: int | None = Field(None, ge=0, le=MAX_QUOTA, examples=[21474836480])
    is_active: bool | None = Field(
        None, description="False ends every session and suspends every API key."
    )
    role: UserRole | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if isinstance(value, dict) and None in value.values():
            raise ValueError("omit a field to keep its value; null is not allowed")
        return value


class AuditEvent(Schema):
    """One entry of the audit trail."""

    id: UUID
    actor_kind: ActorKind
    actor_id: UUID | None
    action: str = Field(examples=[EventType.FILE_RENAMED])
    subject_kind: str = Field(examples=["file"])
    subject_id: UUID
    node_id: UUID | None = Field(description="The file or folder it concerns, if any.")
    space_id: UUID | None = Field(description="The space in which it happened, if known.")
    ip: str | None = Field(examples=["203.0.113.7"])
    request_id: str | None = Field(examples=["0199c0de7e5d7c0a8d1f6c1b2a3f4e5d"])
    data: dict[str, Any] = Field(
        description="More about it. Names of files and folders are null: administrators see none.",
        examples=[{"name": None, "old_name": None}],
    )
    created_at: datetime


class EventFilter(Schema):
    """Which events to list; every given condition must match."""

    actor_id: UUID | None = None
    action: str | None = Field(
        None, max_length=64, pattern=r"^[a-z_.]+$", examples=[EventType.FILE_RENAMED]
    )
    subject_kind: str | None = Field(None, max_length=32, pattern=r"^[a-z_]+$", examples=["file"])
    subject_id: UUID | None = None
    since: Instant | None = Field(None, description="The earliest time, inclusive.")
    until: Instant | None = Field(None, description="The latest time, exclusive.")
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=2048)


class Users(Schema):
    """Numbers of accounts."""

    total: int
    active: int
    admins: int


class StorageUse(Schema):
    """Storage in bytes, and counts. `used_bytes` is the total size of all versions."""

    used_bytes: int
    reserved_bytes: int
    files: int
    folders: int
    versions: int


class JobCount(Schema):
    """Jobs with one name in one state: queued, picked (running), or failed."""

    name: str = Field(examples=["objects.delete"])
    state: str = Field(examples=["queued"])
    count: int = Field(examples=[3])
    oldest_seconds: float = Field(
        description="How long the oldest one has been due.", examples=[0.4]
    )


class FailedJob(Schema):
    """A job that failed at every attempt. `we-upload jobs retry` runs it again."""

    id: int
    name: str = Field(examples=["mail.send"])
    attempts: int = Field(examples=[8])
    failed_at: datetime
    error: str | None = Field(examples=["SMTPConnectError: connection refused"])


class Stats(Schema):
    """Statistics of the whole installation."""

    users: Users
    storage: StorageUse
    uploads: dict[UploadState, int] = Field(examples=[{"pending": 2, "completed": 40}])
    active_links: int
    shares: int
    jobs: list[JobCount]
    dead_letters: list[FailedJob]
