"""SHA-256 checksums in S3's format: base64, or `base64-N` for an object made of N parts.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum

DIGEST_SIZE = hashlib.sha256().digest_size


class ChecksumType(StrEnum):
    """What a checksum was computed over."""

    FULL_OBJECT = "full_object"
    COMPOSITE = "composite"


class InvalidChecksum(ValueError):
    """This is not a base64-encoded SHA-256."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """A SHA-256 of an object: of its bytes, or (composite) of its parts' SHA-256 digests.

    `value` is in S3's format; a composite one ends in `-` and the number of parts.
    """

    value: str
    type: ChecksumType


def parse_sha256(text: str) -> str:
    """Return the canonical form of a base64 SHA-256 (44 characters).

    Raises:
        InvalidChecksum: it is not base64, or not 32 bytes.
    """
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidChecksum("A SHA-256 checksum must be base64.") from error
    if len(digest) != DIGEST_SIZE:
        raise InvalidChecksum(f"A SHA-256 checksum has {DIGEST_SIZE} bytes, not {len(digest)}.")
    return base64.b64encode(digest).decode()


def parse_s3_sha256(text: str) -> Checksum:
    """Parse the value of S3's `x-amz-checksum-sha256` header.

    Raises:
        InvalidChecksum: it is not a SHA-256, or its part count is not a positive number.
    """
    digest, dash, parts = text.partition("-")
    if not dash:
        return Checksum(parse_sha256(digest), ChecksumType.FULL_OBJECT)
    if not (parts.isascii() and parts.isdigit() and int(parts)):
        raise InvalidChecksum("A composite checksum ends in the number of its parts.")
    return Checksum(f"{parse_sha256(digest)}-{int(parts)}", ChecksumType.COMPOSITE)
