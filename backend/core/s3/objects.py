"""What the bucket reports about objects, parts and uploads, and why it refuses calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from backend.kit.checksums import Checksum

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

_PLAIN_ENCODINGS = {"", "identity", "aws-chunked"}
_UNREADABLE_CLASSES = {"GLACIER", "DEEP_ARCHIVE"}  # until somebody restores the object


class StorageRefusal(Exception):
    """The bucket refused a call because of what was requested. `code` is S3's error code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ObjectNotFound(StorageRefusal):
    """There is no such object."""


class MultipartNotFound(StorageRefusal):
    """No such multipart upload: never begun, aborted, or already completed (check with `head`)."""


class ForeignKeys(ValueError):
    """These keys belong to another feature: nothing was deleted."""


class PartsRefused(StorageRefusal):
    """The parts are not valid: missing, wrong ETag or checksum, out of order, too small."""


# Error codes of CompleteMultipartUpload that only the caller's parts can cause.
_UNUSABLE = ("BadDigest", "EntityTooSmall", "InvalidPart", "InvalidPartOrder")
PARTS_REFUSED = dict.fromkeys((*_UNUSABLE, "InvalidRequest", "MalformedXML"), PartsRefused)


class RangeEmpty(StorageRefusal):
    """The object has no bytes in this range."""


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What the bucket reports about one object.

    `checksum` is a SHA-256 that S3 itself verified; `version_id` identifies exactly these bytes in
    a versioned bucket, whatever is written to the key later. `added_headers` names those that came
    with the bytes, although nobody signed them, and change what a recipient gets.
    """

    size: int
    etag: str
    content_type: str
    checksum: Checksum | None
    last_modified: datetime
    version_id: str | None = None
    added_headers: tuple[str, ...] = ()


class Part(NamedTuple):
    """An uploaded part; with its base64 SHA-256 if the upload was begun with checksums."""

    part_number: int
    size: int
    etag: str
    checksum_sha256: str | None = None


class StoredObject(NamedTuple):
    """One object in a listing."""

    key: str
    size: int
    etag: str
    last_modified: datetime


class OpenUpload(NamedTuple):
    """One unfinished multipart upload in a listing."""

    key: str
    upload_id: str
    initiated: datetime


class UndeletedKey(NamedTuple):
    """A key that could not be deleted, and S3's error code."""

    key: str
    code: str


def added_headers(found: "HeadObjectOutputTypeDef") -> tuple[str, ...]:
    """The stored headers by which a recipient would get something else than the object's bytes.

    Others that a client may add are harmless or overridden by every download URL, and some stores
    add them on their own (`Cache-Control`).
    """
    added = {
        "Content-Encoding": found.get("ContentEncoding", "").lower() not in _PLAIN_ENCODINGS,
        "x-amz-storage-class": found.get("StorageClass") in _UNREADABLE_CLASSES,
        "x-amz-website-redirect-location": bool(found.get("WebsiteRedirectLocation")),
    }
    return tuple(name for name, present in added.items() if present)
