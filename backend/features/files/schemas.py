"""Versions, copies and downloads as clients see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from backend.core.http.schema import Schema
from backend.features.tree.schemas import (
    NODE_ID,
    PARENT_ID,
    Checksum,
    Name,
)
from backend.kit.text.disposition import Disposition

MAX_BATCH = 1000
FileId = Annotated[UUID, Field(examples=[NODE_ID])]


class Version(Schema):
    """The content of a file at one time; it never changes."""

    id: UUID = Field(examples=[NODE_ID])
    is_current: bool = Field(description="Whether this is the file's current content.")
    size: int = Field(examples=[182_044], description="Bytes.")
    content_type: str = Field(examples=["application/pdf"])
    etag: str = Field(examples=["9b2cf535f27731c974343645a3985328"])
    checksum: Checksum | None
    created_by: UUID | None = Field(description="Who uploaded it; null if the account was deleted.")
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])


class CopyRequest(Schema):
    """Where the copy goes and what it is called."""

    folder_id: UUID | None = Field(
        None,
        examples=[PARENT_ID],
        description="By default, the file's own folder if you may edit it, otherwise your root.",
    )
    name: Name | None = Field(
        None,
        examples=["invoice-2026-11 for Ada.pdf"],
        description="By default, the file's own name, with a number added if it is taken.",
    )


class DownloadRequest(Schema):
    """Which version to download, and how a browser handles it."""

    version_id: UUID | None = Field(None, description="By default, the current version.")
    disposition: Disposition = Field(
        "attachment",
        description="`inline` is honoured only for types that are safe to show in a browser.",
    )


class DownloadsRequest(Schema):
    """The files to download."""

    file_ids: list[FileId] = Field(min_length=1, max_length=MAX_BATCH)


class Download(Schema):
    """A URL that serves the file to anyone who has it, until it expires."""

    file_id: UUID = Field(examples=[NODE_ID])
    url: str = Field(
        examples=["https://bucket.s3.eu-central-1.amazonaws.com/objects/20261121/…?X-Amz-…"]
    )
    expires_at: datetime = Field(examples=["2026-11-21T09:35:00Z"])
    name: str = Field(examples=["invoice-2026-11.pdf"])
    size: int = Field(examples=[182_044], description="Bytes.")
    content_type: str = Field(
        examples=["application/pdf"],
        description="As uploaded; types that a browser might execute are served as binary data.",
    )
    etag: str = Field(examples=["9b2cf535f27731c974343645a3985328"])
    checksum: Checksum | None


class Downloads(Schema):
    """Downloads in the order requested."""

    items: list[Download]
