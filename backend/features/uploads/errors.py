"""What can go wrong with an upload."""

from backend.core.errors import Conflict, NotFound, Unprocessable


class UploadNotPending(Conflict):
    """This upload is no longer pending: begin a new one."""

    code = "upload_not_pending"


class TooManyUploads(Conflict):
    """You have too many uploads open: complete or abort some of them first."""

    code = "too_many_uploads"


class UploadIncomplete(Conflict):
    """Not all bytes have been uploaded yet: send the rest, then complete the upload again."""

    code = "upload_incomplete"


class SizeMismatch(Unprocessable):
    """The uploaded object is not the size that was declared: begin a new upload."""

    code = "size_mismatch"


class ChecksumMismatch(Unprocessable):
    """The uploaded object does not match the declared checksum: begin a new upload."""

    code = "checksum_mismatch"


class HeadersAdded(Unprocessable):
    """The bytes were sent with headers that were not signed: send exactly the ones given."""

    code = "headers_added"


class InvalidChecksumGiven(Unprocessable):
    """A SHA-256 checksum must be 32 bytes encoded in base64."""

    code = "invalid_checksum"


class ChecksumNotPossible(Unprocessable):
    """S3 cannot verify a checksum of the whole multipart upload: give one for each part instead."""

    code = "checksum_not_possible"


class PartOutOfRange(Unprocessable):
    """The upload has no part with this number."""

    code = "part_out_of_range"


class ChecksumsRequired(Unprocessable):
    """Give a checksum for every part of an upload or for none."""

    code = "checksums_required"


class TargetGone(Conflict):
    """The target folder or file no longer exists, or you may no longer change it."""

    code = "target_gone"


class UploadNotFound(NotFound):
    """You have no upload with this id."""
