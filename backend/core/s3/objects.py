"""What the bucket tells of the objects, parts and uploads it holds, and why it refuses."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from backend.kit.checksums import Checksum


class StorageRefusal(Exception):
    """The bucket refused a call because of what was asked. `code` is S3's word for why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ObjectNotFound(StorageRefusal):
    """There is no such object."""


class MultipartNotFound(StorageRefusal):
    """No such multipart upload: never begun, aborted, or completed already (look with `head`)."""


class ForeignKeys(ValueError):
    """These keys belong to somebody else: nothing was deleted."""


class PartsRefused(StorageRefusal):
    """These parts make no object: missing, wrong ETag or checksum, out of order, too small."""


# Codes of CompleteMultipartUpload that the caller's parts, and nothing else, explain.
_UNUSABLE = ("BadDigest", "EntityTooSmall", "InvalidPart", "InvalidPartOrder")
PARTS_REFUSED = dict.fromkeys((*_UNUSABLE, "InvalidRequest", "MalformedXML"), PartsRefused)


class RangeEmpty(StorageRefusal):
    """The object has no byte in this range."""


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What the bucket says of one object.

    `checksum` is a SHA-256 that S3 itself verified; `version_id` names these very bytes in a
    versioned bucket, whatever is written to the key later.
    """

    size: int
    etag: str
    content_type: str
    checksum: Checksum | None
    last_modified: datetime
    version_id: str | None = None


class Part(NamedTuple):
    """An uploaded part; its base64 SHA-256 where the upload was begun with checksums."""

    part_number: int
    size: int
    etag: str
    checksum_sha256: str | None = None


class StoredObject(NamedTuple):
    """One object of a listing."""

    key: str
    size: int
    etag: str
    last_modified: datetime


class OpenUpload(NamedTuple):
    """One unfinished multipart upload of a listing."""

    key: str
    upload_id: str
    initiated: datetime


class UndeletedKey(NamedTuple):
    """A key that could not be deleted, and S3's word for why."""

    key: str
    code: str
