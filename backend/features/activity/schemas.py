"""Events as users see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Schema
from backend.kit.vocabulary import ActorKind


class Who(Schema):
    """Who did it. `id` is that of the account or, for visitors of a link, of the link."""

    kind: ActorKind
    id: UUID | None
    display_name: str | None = Field(examples=["Ada Lovelace"])


class Activity(Schema):
    """One event."""

    id: UUID
    action: str = Field(examples=["file.renamed"])
    subject_kind: str = Field(examples=["file"])
    subject_id: UUID
    actor: Who
    data: dict[str, Any] = Field(examples=[{"name": "report.pdf"}])
    created_at: datetime


class OwnActivity(Activity):
    """One event caused by the caller, or concerning their account."""

    ip: str | None = Field(description="The IP address it was done from.", examples=["203.0.113.7"])
