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
    """What a file held at one time; never changes."""

    id: UUID = Field(examples=[NODE_ID])
    is_current: bool = Field(description="Whether this is what the file holds now.")
    size: int = Field(examples=[182_044], description="Bytes.")
    content_type: str = Field(examples=["application/pdf"])
    etag: str = Field(examples=["9b2cf535f27731c974343645a3985328"])
    checksum: Checksum | None
    created_by: UUID | None = Field(description="Who uploaded it; null when the account is gone.")
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])


class CopyRequest(Schema):
    """Where the copy goes and what it is called."""

    folder_id: UUID | None = Field(
        None,
        examples=[PARENT_ID],
        description="Unless given, the file's own folder where you may edit that, else your root.",
    )
    name: Name | None = Field(
        None,
        examples=["invoice-2026-11 for Ada.pdf"],
        description="Unless given, the file's own name, with a number where it is taken.",
    )


class DownloadRequest(Schema):
    """What to download, and what a browser does with it."""

    version_id: UUID | None = Field(None, description="The current version unless given.")
    disposition: Disposition = Field(
        "attachment",
        description="`inline` is honoured for types that are safe to show in a browser.",
    )


class DownloadsRequest(Schema):
    """The files to download."""

    file_ids: list[FileId] = Field(min_length=1, max_length=MAX_BATCH)


class Download(Schema):
    """A URL that gives the bytes to anyone who has it, until it expires."""

    file_id: UUID = Field(examples=[NODE_ID])
    url: str = Field(
        examples=["https://bucket.s3.eu-central-1.amazonaws.com/objects/20261121/…?X-Amz-…"]
    )
    expires_at: datetime = Field(examples=["2026-11-21T09:35:00Z"])
    name: str = Field(examples=["invoice-2026-11.pdf"])
    size: int = Field(examples=[182_044], description="Bytes.")
    content_type: str = Field(
        examples=["application/pdf"],
        description="As it was uploaded; types that a browser might run are served as opaque.",
    )
    etag: str = Field(examples=["9b2cf535f27731c974343645a3985328"])
    checksum: Checksum | None


class Downloads(Schema):
    """Downloads in the order they were asked for."""

    items: list[Download]
