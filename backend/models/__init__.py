"""All tables of the database; Alembic imports this."""

from backend.models.base import Base
from backend.models.event import Event
from backend.models.idempotency import IdempotencyKey
from backend.models.node import FileVersion, Node, NodeRow, live
from backend.models.sharing import Grant, GrantRow, Link, LinkRow
from backend.models.space import Space
from backend.models.upload import Upload, UploadRow
from backend.models.user import (
    ApiKey,
    EmailToken,
    RefreshToken,
    User,
    UserSession,
)

__all__ = [
    "ApiKey",
    "Base",
    "EmailToken",
    "Event",
    "FileVersion",
    "Grant",
    "GrantRow",
    "IdempotencyKey",
    "Link",
    "LinkRow",
    "Node",
    "NodeRow",
    "RefreshToken",
    "Space",
    "Upload",
    "UploadRow",
    "User",
    "UserSession",
    "live",
]
