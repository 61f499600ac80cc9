"""API keys, as their owner sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Instant, Label, Schema
from backend.features.tree.schemas import RoleName
from backend.kit.vocabulary import Scope

Scopes = Annotated[
    list[Scope],
    Field(min_length=1, max_length=len(Scope), examples=[["files:read", "files:write"]]),
]
Expiry = Annotated[
    Instant | None,
    Field(
        description="When it stops working; null means never.", examples=["2030-01-01T00:00:00Z"]
    ),
]


class ApiKeyCreate(Schema):
    """The key to create."""

    name: Annotated[Label, Field(examples=["Nightly backup"])]
    scopes: Scopes
    expires_at: Expiry = None


class ApiKey(Schema):
    """A key, without the secret."""

    id: UUID
    name: str = Field(examples=["Nightly backup"])
    prefix: str = Field(
        description="The beginning of the key, to tell keys apart.", examples=["wu_8Jq2bX0k"]
    )
    scopes: Scopes
    expires_at: Expiry
    last_used_at: datetime | None = Field(description="Accurate to five minutes.")
    created_at: datetime


class KeyGrant(Schema):
    """A link that a key made, or a share whose role it gave. `kind` says where to end it."""

    id: UUID = Field(
        description="The id at `/v1/links` or `/v1/shares`.",
        examples=["0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"],
    )
    kind: Literal["link", "share"] = Field(examples=["share"])
    node_id: UUID = Field(examples=["0199c0de-1111-7c0a-8d1f-6c1b2a3f4e5d"])
    email: str | None = Field(
        description="With whom it is shared; null for a link.", examples=["grace@example.com"]
    )
    role: RoleName | None = Field(description="Null for a link.", examples=["viewer"])
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])


class CreatedApiKey(ApiKey):
    """A new key; its secret is shown only this once."""

    key: str = Field(examples=["wu_8Jq2bX0kq1c4pE0sVYq8Xq3J5m3w5bqg8m6YwqN2r7A"])
