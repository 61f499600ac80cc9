"""A space as its members see it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Schema
from backend.features.tree.schemas import NODE_ID, SPACE_ID, RoleName
from backend.kit.vocabulary import SpaceKind


class Space(Schema):
    """One tree and its quota in bytes. Everything in the tree counts, including the trash."""

    id: UUID = Field(
        examples=[SPACE_ID], description="A personal space has the id of its user's account."
    )
    kind: SpaceKind
    name: str = Field(examples=["Accounting"], description="`My files` for a personal space.")
    root_id: UUID = Field(examples=[NODE_ID], description="The folder that contains everything.")
    role: RoleName = Field(description="Your role on the root folder.")
    quota_bytes: int = Field(examples=[10737418240])
    used_bytes: int = Field(description="Size of all versions of all files.", examples=[5242880])
    reserved_bytes: int = Field(description="Reserved for uploads in progress.", examples=[1048576])
    available_bytes: int = Field(description="Room for new uploads.", examples=[10731126784])
    file_count: int = Field(description="Number of files outside the trash.", examples=[7])
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])
