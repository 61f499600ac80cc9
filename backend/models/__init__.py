"""The whole database on one shelf; alembic imports this."""

from backend.models.base import Base
from backend.models.event import ActorKind, Event
from backend.models.idempotency import IdempotencyKey
from backend.models.node import FileVersion, Node, NodeKind, live
from backend.models.sharing import Grant, Link, Role
from backend.models.upload import OnConflict, Upload, UploadMethod, UploadState
from backend.models.user import (
    ApiKey,
    EmailToken,
    EmailTokenPurpose,
    RefreshToken,
    User,
    UserRole,
    UserSession,
)

__all__ = [
    "ActorKind",
    "ApiKey",
    "Base",
    "EmailToken",
    "EmailTokenPurpose",
    "Event",
    "FileVersion",
    "Grant",
    "IdempotencyKey",
    "Link",
    "Node",
    "NodeKind",
    "OnConflict",
    "RefreshToken",
    "Role",
    "Upload",
    "UploadMethod",
    "UploadState",
    "User",
    "UserRole",
    "UserSession",
    "live",
]
