"""What an upload will be: checked against names, types and limits before anything is reserved."""

from dataclasses import dataclass
from uuid import UUID

from backend.core.errors import TooLarge, UnsupportedType
from backend.core.settings import UploadSettings
from backend.features.tree.placement import checked_name
from backend.features.uploads.errors import (
    ChecksumNotPossible,
    InvalidChecksumGiven,
)
from backend.features.uploads.schemas import RequestedMethod, UploadCreate
from backend.kit.checksums import InvalidChecksum, parse_sha256
from backend.kit.parts import MAX_SINGLE_PUT, PartPlan, plan_parts
from backend.kit.text.content_types import (
    InvalidContentType,
    clean_content_type,
    essence_of,
    matches,
)
from backend.kit.text.names import name_key
from backend.kit.vocabulary import OnConflict, UploadMethod

DEFAULT_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """A checked request for an upload."""

    name: str
    name_key: str
    size: int
    content_type: str
    checksum_sha256: str | None
    method: UploadMethod
    part_size: int | None
    folder_id: UUID | None
    file_id: UUID | None
    on_conflict: OnConflict

    @property
    def part_count(self) -> int | None:
        """How many parts it is sent in; `None` for a single request."""
        return PartPlan(self.size, self.part_size).part_count if self.part_size else None


def plan_upload(body: UploadCreate, settings: UploadSettings) -> UploadPlan:
    """Check `body` and decide how its bytes will travel.

    Raises:
        InvalidNodeName, InvalidChecksumGiven, ChecksumNotPossible: 422.
        TooLarge: over the operator's limit, or over what this method carries.
        UnsupportedType: not a content type, or one that the operator does not accept.
    """
    name = checked_name(body.name)
    method = _choose_method(body, settings)
    checksum = _checked_checksum(body.checksum_sha256, method)
    multipart = method is UploadMethod.MULTIPART
    return UploadPlan(
        name=name,
        name_key=name_key(name),
        size=body.size,
        content_type=checked_content_type(body.content_type or DEFAULT_CONTENT_TYPE, settings),
        checksum_sha256=checksum,
        method=method,
        part_size=plan_parts(body.size, settings.part_size).part_size if multipart else None,
        folder_id=body.folder_id,
        file_id=body.file_id,
        on_conflict=body.on_conflict,
    )


def _choose_method(body: UploadCreate, settings: UploadSettings) -> UploadMethod:
    limits = {
        RequestedMethod.PUT: MAX_SINGLE_PUT,
        RequestedMethod.POST: settings.post_max_bytes,
    }
    limit = min(settings.max_bytes, limits.get(body.method, settings.max_bytes))
    if body.size > limit:
        raise TooLarge(f"This upload may be at most {limit} bytes.")
    if body.method is not RequestedMethod.AUTO:
        return UploadMethod(body.method)
    small = body.size <= settings.multipart_threshold
    return UploadMethod.PUT if small else UploadMethod.MULTIPART


def _checked_checksum(raw: str | None, method: UploadMethod) -> str | None:
    if raw is None:
        return None
    if method is UploadMethod.MULTIPART:
        raise ChecksumNotPossible
    return canonical_checksum(raw)


def canonical_checksum(raw: str) -> str:
    """The checksum in the base64 that S3 writes.

    Raises:
        InvalidChecksumGiven: not 32 bytes in base64.
    """
    try:
        return parse_sha256(raw)
    except InvalidChecksum as error:
        raise InvalidChecksumGiven from error


def checked_content_type(raw: str, settings: UploadSettings) -> str:
    """Return the content type as it will be signed.

    Raises:
        UnsupportedType: malformed, denied, or missing from the allow list.
    """
    try:
        value = clean_content_type(raw)
    except InvalidContentType as error:
        raise UnsupportedType("Give a content type such as “image/png”.") from error
    essence = essence_of(value)
    allowed, denied = settings.allowed_content_types, settings.denied_content_types
    if matches(essence, denied) or (allowed and not matches(essence, allowed)):
        raise UnsupportedType(f"Files of type {essence} are not accepted here.")
    return value
