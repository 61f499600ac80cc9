"""API keys, as their owner sees them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Instant, Label, Schema
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


class CreatedApiKey(ApiKey):
    """A new key; its secret is shown only this once."""

    key: str = Field(examples=["wu_8Jq2bX0kq1c4pE0sVYq8Xq3J5m3w5bqg8m6YwqN2r7A"])
