"""Events, as users may see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Schema
from backend.kit.events import EventType
from backend.kit.vocabulary import ActorKind


class Who(Schema):
    """Who did it. `id` is the account's, or the link's if somebody used a public link."""

    kind: ActorKind
    id: UUID | None
    display_name: str | None = Field(examples=["Ada Lovelace"])


class Activity(Schema):
    """One event."""

    id: UUID
    action: str = Field(examples=[EventType.FILE_RENAMED])
    subject_kind: str = Field(examples=["file"])
    subject_id: UUID
    actor: Who
    data: dict[str, Any] = Field(
        description=(
            "More about it. The id of a folder or file that you cannot see is null; so are, unless "
            "you own the file, names from before you could see it."
        ),
        examples=[{"name": "report.pdf"}],
    )
    created_at: datetime


class OwnActivity(Activity):
    """One event caused by you, or concerning your account."""

    ip: str | None = Field(
        description="The address that your request came from; null for what others did.",
        examples=["203.0.113.7"],
    )
