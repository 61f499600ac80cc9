"""The schemas for sharing files and folders with people."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Email, Schema
from backend.features.tree.schemas import RoleName

ROLE = Field(
    description="A viewer can read; an editor can also upload, rename, move and trash; an owner "
    "can also share, create links and delete permanently.",
    examples=["editor"],
)


class ShareCreate(Schema):
    """Whom to share with, and what they may do."""

    email: Email
    role: RoleName = ROLE


class ShareUpdate(Schema):
    """A new role for the same person."""

    role: RoleName = ROLE


class Share(Schema):
    """A person's role on a file or folder and everything in it.

    `invited` means that no account has verified the address yet; the share takes effect once one
    does.
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


class Opening(Schema):
    """A share or a link, what it opens, and who made it.

    `user_id`, `email`, `role` and `state` are those of a share, `has_password` and `expires_at`
    those of a link; they are null for the other kind.
    """

    kind: Literal["share", "link"] = Field(examples=["share"])
    id: UUID = Field(
        description="End it with `DELETE /v1/shares/{id}` or `DELETE /v1/links/{id}`.",
        examples=["0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"],
    )
    node_id: UUID = Field(examples=["0199c0de-1111-7c0a-8d1f-6c1b2a3f4e5d"])
    node_kind: Literal["file", "folder"] = Field(examples=["folder"])
    node_name: str = Field(examples=["Holiday"])
    trashed_at: datetime | None = Field(
        description="When the file or folder was moved to the trash.", examples=[None]
    )
    user_id: UUID | None = Field(examples=["0199c0de-2222-7c0a-8d1f-6c1b2a3f4e5d"])
    email: str | None = Field(examples=["grace@example.com"])
    role: RoleName | None = Field(examples=["editor"])
    state: Literal["active", "invited"] | None = Field(examples=["active"])
    has_password: bool | None = Field(examples=[None])
    expires_at: datetime | None = Field(examples=[None])
    created_by: UUID | None = Field(
        description="Who made it; null if that account was closed.",
        examples=["0199c0de-3333-7c0a-8d1f-6c1b2a3f4e5d"],
    )
    created_by_email: str | None = Field(examples=["ada@example.com"])
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])
