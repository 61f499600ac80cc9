"""What can be wrong with an upload."""

from backend.core.errors import Conflict, NotFound, Unprocessable


class UploadNotPending(Conflict):
    """This upload is over: begin a new one."""

    code = "upload_not_pending"


class UploadIncomplete(Conflict):
    """Not all bytes have reached the store yet: send the rest, then complete again."""

    code = "upload_incomplete"


class SizeMismatch(Unprocessable):
    """The store holds another number of bytes than was declared."""

    code = "size_mismatch"


class ChecksumMismatch(Unprocessable):
    """The store holds other bytes than the declared checksum stands for."""

    code = "checksum_mismatch"


class InvalidChecksumGiven(Unprocessable):
    """A SHA-256 checksum is 32 bytes in base64."""

    code = "invalid_checksum"


class ChecksumNotPossible(Unprocessable):
    """S3 verifies no checksum of the whole content of a multipart upload: give one per part."""

    code = "checksum_not_possible"


class PartOutOfRange(Unprocessable):
    """The upload has no part with this number."""

    code = "part_out_of_range"


class ChecksumsRequired(Unprocessable):
    """Either every part of an upload carries a checksum or none does."""

    code = "checksums_required"


class TargetGone(Conflict):
    """The folder or file this upload was for is gone or no longer yours to change."""

    code = "target_gone"


class UploadNotFound(NotFound):
    """You have no such upload."""
