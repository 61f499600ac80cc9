"""What is said about the people who share a file or folder."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Email, Schema
from backend.features.tree.schemas import RoleName

ROLE = Field(
    description="A viewer reads; an editor also uploads, renames, moves and trashes; an owner also "
    "shares, links and deletes for good.",
    examples=["editor"],
)


class ShareCreate(Schema):
    """Whom to share with, and what they may do."""

    email: Email
    role: RoleName = ROLE


class ShareUpdate(Schema):
    """Another role for the same person."""

    role: RoleName = ROLE


class Share(Schema):
    """A person's role on a file or folder and everything below it.

    `invited`: the address has not been verified by an account yet; the share begins when it is.
    """

    id: UUID = Field(examples=["0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"])
    node_id: UUID = Field(examples=["0199c0de-1111-7c0a-8d1f-6c1b2a3f4e5d"])
    email: str = Field(examples=["grace@example.com"])
    user_id: UUID | None = Field(
        description="Null while invited.", examples=["0199c0de-2222-7c0a-8d1f-6c1b2a3f4e5d"]
    )
    role: RoleName = ROLE
    state: Literal["active", "invited"] = Field(examples=["active"])
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])
