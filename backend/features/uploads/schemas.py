"""Uploads as clients write and read them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from backend.core.http.schema import Schema
from backend.features.tree.schemas import File, Name
from backend.kit.parts import MAX_PARTS
from backend.kit.vocabulary import OnConflict, UploadMethod, UploadState

CHECKSUM = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
ETAG = "5eb63bbbe01eeed093cb22bb8f5acdc3"
URL = "https://bucket.s3.eu-central-1.amazonaws.com/objects/20261121/4f1f…?X-Amz-Signature=…"

PartNumber = Annotated[int, Field(ge=1, le=MAX_PARTS, strict=True)]
# A JSON object has strings for keys.
PartNumberKey = Annotated[int, Field(ge=1, le=MAX_PARTS)]


class RequestedMethod(StrEnum):
    """How the bytes should travel."""

    AUTO = "auto"
    PUT = "put"
    POST = "post"
    MULTIPART = "multipart"


class UploadCreate(Schema):
    """What is to be uploaded, and where to."""

    name: Name = Field(examples=["holiday.jpg"])
    size: int = Field(ge=0, strict=True, examples=[2_400_000])
    content_type: str | None = Field(None, max_length=1024, examples=["image/jpeg"])
    folder_id: UUID | None = Field(None, description="Your root folder by default.")
    file_id: UUID | None = Field(None, description="The file to upload a new version of.")
    checksum_sha256: str | None = Field(
        None,
        max_length=1024,
        examples=[CHECKSUM],
        description="Of the whole content, in base64. S3 refuses bytes that do not match.",
    )
    method: RequestedMethod = RequestedMethod.AUTO
    on_conflict: OnConflict = Field(
        OnConflict.RENAME, description="What to do if the folder already holds this name."
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.folder_id and self.file_id:
            raise ValueError("give folder_id or file_id, not both")
        return self


class PutRequest(Schema):
    """Send the bytes with exactly these headers; S3 refuses anything else."""

    method: Literal["PUT"] = "PUT"
    url: str = Field(examples=[URL])
    headers: dict[str, str] = Field(examples=[{"Content-Type": "image/jpeg"}])


class PostRequest(Schema):
    """A form for browsers: send these fields first, then the file in a field named `file`."""

    method: Literal["POST"] = "POST"
    url: str = Field(examples=["https://bucket.s3.eu-central-1.amazonaws.com/"])
    fields: dict[str, str] = Field(examples=[{"key": "objects/20261121/4f1f…"}])


class SignedPart(Schema):
    """Send `size` bytes of the file, from `(part_number - 1) * part_size`, with these headers."""

    part_number: int = Field(examples=[1])
    size: int = Field(examples=[16_777_216])
    url: str = Field(examples=[URL])
    headers: dict[str, str] = Field(examples=[{"Content-Length": "16777216"}])


class UploadedPart(Schema):
    """A part that S3 holds."""

    part_number: int = Field(examples=[1])
    size: int = Field(examples=[16_777_216])
    etag: str = Field(examples=[ETAG])


class Failure(Schema):
    """Why an upload failed."""

    code: str = Field(examples=["size_mismatch"])
    detail: str = Field(examples=["2400000 bytes were declared, but 2399999 were uploaded."])


class Upload(Schema):
    """One upload and, while it is pending, how to send its bytes."""

    id: UUID
    state: UploadState
    method: UploadMethod
    name: str = Field(examples=["holiday.jpg"])
    size: int = Field(examples=[2_400_000])
    content_type: str = Field(examples=["image/jpeg"])
    folder_id: UUID | None = Field(
        description="Where the file is or will be; null if you cannot see that folder."
    )
    file_id: UUID | None
    created_at: datetime
    expires_at: datetime
    request: PutRequest | PostRequest | None = None
    part_size: int | None = None
    part_count: int | None = None
    parts: list[SignedPart] | None = Field(
        None,
        description="The first 100 parts that are still to be sent. Not in lists.",
    )
    uploaded_parts: list[UploadedPart] | None = Field(
        None, description="The parts of a pending multipart upload that S3 holds. Not in lists."
    )
    file: File | None = None
    failure: Failure | None = None


class PartsRequest(Schema):
    """Which parts to sign: a list of part numbers, or a range."""

    part_numbers: list[PartNumber] | None = Field(
        None, min_length=1, max_length=MAX_PARTS, examples=[[1, 2, 3]]
    )
    first: PartNumber | None = None
    last: PartNumber | None = None
    checksums_sha256: dict[PartNumberKey, str] | None = Field(
        None, max_length=MAX_PARTS, examples=[{"1": CHECKSUM}]
    )

    @model_validator(mode="after")
    def _numbers_or_range(self) -> Self:
        by_range = self.first is not None and self.last is not None
        one_end = (self.first is None) != (self.last is None)
        if one_end or by_range == (self.part_numbers is not None):
            raise ValueError("give part_numbers, or first and last")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError("first must not be greater than last")
        return self

    def numbers(self) -> list[int]:
        """The requested part numbers in ascending order, without duplicates."""
        if self.part_numbers is not None:
            return sorted(set(self.part_numbers))
        return list(range(self.first or 1, (self.last or 0) + 1))


class SignedParts(Schema):
    """Presigned requests, one for each part."""

    parts: list[SignedPart]


class GivenPart(Schema):
    """A part as the client sent it; `etag` is from the response of S3."""

    part_number: PartNumber
    etag: str = Field(max_length=128, examples=[ETAG])


class CompleteRequest(Schema):
    """The parts that make up the file; without them, the server uses all that S3 holds."""

    parts: list[GivenPart] | None = Field(
        None, max_length=MAX_PARTS, description="In any order, each part once."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        numbers = [part.part_number for part in self.parts or ()]
        if len(set(numbers)) < len(numbers):
            raise ValueError("name each part once")
        return self
