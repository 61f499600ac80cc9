"""Multipart uploads: how they are cut, what S3 holds of them, and how a lost one is replaced.

S3 can lose a multipart upload: the bucket's lifecycle or an operator aborts it, or a store that
keeps parts in memory is killed. Its parts are gone and its URLs no longer work, so it is opened
again at S3, and the client starts over with new URLs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import update

from backend.core.database.engine import Database
from backend.core.database.rows import first
from backend.core.s3.objects import MultipartNotFound, Part
from backend.core.s3.storage import Storage
from backend.features.uploads import queries
from backend.features.uploads.errors import (
    ChecksumsRequired,
    PartOutOfRange,
    UploadNotFound,
    UploadNotPending,
)
from backend.features.uploads.states import has_expired, state_of
from backend.kit.parts import PartPlan
from backend.kit.vocabulary import UploadState
from backend.models import Upload, UploadRow

log = structlog.stdlib.get_logger(__name__)


class Multipart(NamedTuple):
    """An upload in parts: its row, its id at S3, and how it is cut."""

    upload: UploadRow
    s3_upload_id: str
    plan: PartPlan

    def require_part(self, number: int) -> None:
        """Return if the upload has a part with this number.

        Raises:
            PartOutOfRange: it does not.
        """
        if number > (count := self.plan.part_count):
            raise PartOutOfRange(f"This upload has {count} parts; there is no part {number}.")


def multipart_of(upload: UploadRow) -> Multipart | None:
    """The upload as one in parts; None if its bytes are sent in a single request."""
    if upload.s3_upload_id is None or upload.part_size is None:
        return None
    return Multipart(upload, upload.s3_upload_id, PartPlan(upload.size, upload.part_size))


def require_parts_pending(upload: UploadRow) -> Multipart:
    """The upload as one to which parts can be sent.

    Raises:
        UploadNotPending: it has ended, or is not sent in parts.
    """
    if (state := state_of(upload)) is not UploadState.PENDING:
        raise UploadNotPending(f"This upload is {state}.")
    multipart = multipart_of(upload)
    if multipart is None:
        raise UploadNotPending("This upload is not sent in parts: send its single request.")
    return multipart


async def held_parts(
    database: Database, storage: Storage, upload: UploadRow
) -> tuple[UploadRow, list[Part] | None]:
    """The upload and the parts S3 holds; None unless it is a pending multipart upload.

    If S3 has lost it, it is reopened first.

    Raises:
        UploadNotFound: it was deleted together with its account.
    """
    multipart = multipart_of(upload)
    if multipart is None or state_of(upload) is not UploadState.PENDING:
        return upload, None
    try:
        return upload, await storage.list_parts(upload.object_key, multipart.s3_upload_id)
    except MultipartNotFound:
        if await storage.head(upload.object_key) is None:
            upload = await reopen(database, storage, multipart)
        return upload, []  # if there is an object, the upload is being completed right now


async def reopen(database: Database, storage: Storage, multipart: Multipart) -> UploadRow:
    """Open an upload again of which S3 holds neither parts nor object; return its row afterwards.

    Raises:
        UploadNotFound: it was deleted together with its account.
    """
    upload = multipart.upload
    if has_expired(upload):
        return upload
    log.warning("upload lost by the object store", upload_id=str(upload.id))
    return await _replace(database, storage, multipart, with_checksums=upload.part_checksums)


async def ready_for_checksums(
    database: Database,
    storage: Storage,
    multipart: Multipart,
    numbers: Sequence[int],
    given: set[int],
) -> Multipart:
    """Make the upload at S3 match whether the client gives checksums for its parts.

    S3 fixes that when a multipart upload is created, but the client only tells us now. So the
    first call with checksums replaces the upload at S3, which is still empty.

    Raises:
        ChecksumsRequired: some of the parts would have a checksum and others not.
        UploadNotPending: the upload has ended meanwhile.
    """
    if not given and not multipart.upload.part_checksums:
        return multipart
    if missing := [number for number in numbers if number not in given]:
        raise ChecksumsRequired(f"Give a checksum for every part; part {missing[0]} has none.")
    while not multipart.upload.part_checksums:  # again if a call without checksums was faster
        row = await _replace(database, storage, multipart, with_checksums=True)
        multipart = require_parts_pending(row)
    return multipart


async def _replace(
    database: Database, storage: Storage, multipart: Multipart, *, with_checksums: bool
) -> UploadRow:
    """Replace the upload at S3 by an empty one, unless another request has changed the row."""
    upload, db = multipart.upload, database.autocommit
    fresh = await storage.create_multipart(
        upload.object_key, content_type=upload.content_type, with_checksums=with_checksums
    )
    replaced = await first(
        db,
        UploadRow,
        update(Upload)
        .where(
            Upload.id == upload.id,
            Upload.s3_upload_id == multipart.s3_upload_id,
            Upload.state == upload.state,
            Upload.lease_until.is_not_distinct_from(upload.lease_until),
            queries.is_open,
        )
        .values(s3_upload_id=fresh, part_checksums=with_checksums)
        .returning(*queries.row_columns),
    )
    unused = fresh if replaced is None else multipart.s3_upload_id
    await storage.abort_multipart(upload.object_key, unused)
    current = replaced or await first(db, UploadRow, queries.uploads(Upload.id == upload.id))
    if current is None:
        raise UploadNotFound
    return current
