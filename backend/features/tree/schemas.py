"""Files and folders as clients see them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from backend.core.http.schema import Schema

NODE_ID = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"
PARENT_ID = "0199c0de-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
OWNER_ID = "0199c0dd-0001-7abc-9def-0123456789ab"
SPACE_ID = OWNER_ID
"""A personal space has the id of its user."""

RoleName = Literal["viewer", "editor", "owner"]
Name = Annotated[
    str,
    Field(
        description="At most 255 bytes of UTF-8, without control, path or bidi characters. "
        "Unique within its folder, ignoring case.",
    ),
]


class Checksum(Schema):
    """A SHA-256 checksum verified by S3."""

    algorithm: Literal["sha256"] = "sha256"
    type: Literal["full_object", "composite"] = Field(
        description="`composite` means computed over the digests of a multipart upload's parts."
    )
    value: str = Field(examples=["ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="])


class NodeBase(Schema):
    """What files and folders have in common."""

    id: UUID = Field(examples=[NODE_ID])
    folder_id: UUID | None = Field(
        examples=[PARENT_ID],
        description="The parent folder; null for a root, or if you may not see the parent.",
    )
    space_id: UUID = Field(examples=[SPACE_ID], description="The space whose quota it uses.")
    owner_id: UUID | None = Field(
        examples=[OWNER_ID], description="The user of the personal space; null in a team space."
    )
    role: RoleName = Field(description="Your role on it.")
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])
    updated_at: datetime = Field(
        examples=["2026-11-21T09:30:00Z"],
        description="When it was last renamed, moved or given new content.",
    )
    trashed_at: datetime | None = Field(None, examples=[None])


class Folder(NodeBase):
    """A folder."""

    kind: Literal["folder"] = "folder"
    name: str = Field(examples=["Invoices"])


class File(NodeBase):
    """A file and its current version."""

    kind: Literal["file"] = "file"
    name: str = Field(examples=["invoice-2026-11.pdf"])
    size: int = Field(examples=[182_044], description="Bytes.")
    content_type: str = Field(examples=["application/pdf"])
    etag: str = Field(examples=["9b2cf535f27731c974343645a3985328"])
    version_id: UUID = Field(examples=[NODE_ID])
    version_count: int = Field(examples=[1])
    checksum: Checksum | None


# Named, so that generated clients get one type for it.
Node = TypeAliasType("Node", Annotated[File | Folder, Field(discriminator="kind")])


class FolderCreate(Schema):
    """A new folder."""

    name: Name = Field(examples=["Invoices"])
    folder_id: UUID | None = Field(
        None, examples=[PARENT_ID], description="The parent folder; by default, your root."
    )


class NodeUpdate(Schema):
    """A new name, a new folder, or both; omitted fields stay the same."""

    name: Name | None = Field(None, examples=["Paid invoices"])
    folder_id: UUID | None = Field(
        None, examples=[PARENT_ID], description="The folder to move it to, in the same space."
    )
