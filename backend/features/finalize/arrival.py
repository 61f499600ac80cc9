"""What has arrived at S3: brought under the upload's own key and verified, never taken on trust.

No transaction is open here, and each step may be repeated: what an earlier try has done is found
at S3.
"""

from collections.abc import Sequence

from backend.core.database.engine import Database
from backend.core.s3.objects import (
    MultipartNotFound,
    ObjectHead,
    ObjectNotFound,
    Part,
    PartsRefused,
)
from backend.core.s3.storage import Storage
from backend.features.uploads.errors import (
    ChecksumMismatch,
    HeadersAdded,
    SizeMismatch,
    UploadIncomplete,
)
from backend.features.uploads.multipart import Multipart, multipart_of, reopen
from backend.features.uploads.schemas import GivenPart
from backend.features.uploads.signing import incoming_key
from backend.kit import faults
from backend.kit.vocabulary import UploadMethod
from backend.models import UploadRow

MISSING_SHOWN = 10


async def arrive(
    database: Database, storage: Storage, upload: UploadRow, given: Sequence[GivenPart] | None
) -> ObjectHead:
    """Make one object of what the client sent; return what S3 says of it, as it was declared.

    Args:
        database: where a multipart upload is reopened if S3 has lost it.
        storage: the bucket.
        upload: a claimed upload.
        given: the parts that the client names; without them, those that S3 lists.

    Raises:
        UploadIncomplete: bytes are missing.
        PartOutOfRange: the client names a part that was never planned.
        SizeMismatch, ChecksumMismatch, HeadersAdded: S3 holds something else than was declared.
    """
    multipart = multipart_of(upload)
    if multipart:
        await _join(storage, multipart, given)
    elif upload.method is UploadMethod.POST:
        await _copy_posted(storage, upload)
    head = await storage.head(upload.object_key)
    if head:
        verify(upload, head)
        return head
    if multipart is None:
        raise UploadIncomplete("No bytes have been uploaded yet: send them first.")
    await reopen(database, storage, multipart)  # neither its parts nor what they were joined to
    raise UploadIncomplete("The object store has lost the parts: sign and send them again.")


async def _join(storage: Storage, multipart: Multipart, given: Sequence[GivenPart] | None) -> None:
    """Complete the multipart upload at S3, unless an earlier try has."""
    key, s3_upload_id = multipart.upload.object_key, multipart.s3_upload_id
    try:
        if given is None or multipart.upload.part_checksums:  # S3 wants each checksum again
            parts = await storage.list_parts(key, s3_upload_id)
        else:
            parts = [Part(part.part_number, 0, part.etag.strip('"')) for part in given]
        _require_all(multipart, parts)
        faults.reach("complete.listed")
        await storage.complete_multipart(key, s3_upload_id, parts)
        faults.reach("complete.joined")
    except MultipartNotFound:
        return  # completed by an earlier try, if there is an object
    except PartsRefused as refused:
        raise UploadIncomplete(
            f"S3 refused these parts ({refused.code}): check the part numbers and ETags."
        ) from refused


def _require_all(multipart: Multipart, parts: Sequence[Part]) -> None:
    """Completing with too few parts would make an object that can never be continued."""
    numbers = {part.part_number for part in parts}
    for number in numbers:
        multipart.require_part(number)
    count = multipart.plan.part_count
    missing = sorted(set(range(1, count + 1)) - numbers)
    if not missing:
        return
    shown = ", ".join(map(str, missing[:MISSING_SHOWN]))
    more = ", …" if len(missing) > MISSING_SHOWN else ""
    raise UploadIncomplete(f"{len(missing)} of {count} parts are missing: {shown}{more}.")


async def _copy_posted(storage: Storage, upload: UploadRow) -> None:
    """Copy what a form posted to the object's own key, exactly as it is now."""
    source = incoming_key(upload)
    head = await storage.head(source)
    if head is None:
        return
    verify(upload, head)
    faults.reach("complete.looked")
    try:
        await storage.copy(source, upload.object_key, etag=head.etag)
    except ObjectNotFound as replaced:
        raise UploadIncomplete(
            "The form is being sent again: complete the upload after that."
        ) from replaced
    faults.reach("complete.copied")


def verify(upload: UploadRow, head: ObjectHead) -> None:
    """Compare what was declared with what S3 holds.

    Some stores return no checksum; in that case they checked it when the bytes were sent, because
    it was signed into the request.

    Raises:
        SizeMismatch, ChecksumMismatch: they differ.
        HeadersAdded: who downloads would get other bytes, or none.
    """
    if head.size != upload.size:
        raise SizeMismatch(f"{upload.size} bytes were declared, but {head.size} were uploaded.")
    declared = upload.checksum_sha256
    if declared and head.checksum and head.checksum.value != declared:
        raise ChecksumMismatch
    if head.added_headers:
        raise HeadersAdded(
            f"The bytes were sent with {', '.join(head.added_headers)}: begin a new upload and send"
            " exactly the headers of its request."
        )
