"""The multipart upload at S3 behind one of ours: what it holds, and how another takes its place.

S3 can lose it: the bucket's lifecycle or an operator aborts it, a store that keeps parts in
memory is killed. Then nothing is left of it and its URLs are dead, so it is opened anew: the
client starts over, with URLs that work.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import select, update

from backend.core.database.engine import Database
from backend.core.s3.objects import MultipartNotFound as NotOpenAtStore
from backend.core.s3.objects import Part
from backend.core.s3.storage import Storage
from backend.features.uploads import queries
from backend.features.uploads.errors import ChecksumsRequired, UploadNotFound
from backend.features.uploads.states import is_over, require_parts_pending
from backend.models import Upload, UploadRow

log = structlog.stdlib.get_logger(__name__)


async def held_parts(
    database: Database, storage: Storage, upload: UploadRow
) -> tuple[UploadRow, list[Part]]:
    """The upload and what S3 holds of it; one that S3 has lost is opened anew first.

    Raises:
        UploadNotFound: it is gone with its account.
    """
    try:
        return upload, await storage.list_parts(upload.object_key, upload.s3_upload_id)
    except NotOpenAtStore:
        if await storage.head(upload.object_key) is None:
            upload = await reopen(database, storage, upload)
        return upload, []  # where there is an object, it is just being completed


async def reopen(database: Database, storage: Storage, upload: UploadRow) -> UploadRow:
    """Open an upload anew of which S3 holds neither parts nor object; return it as it is then.

    Raises:
        UploadNotFound: it is gone with its account.
    """
    if is_over(upload):
        return upload
    log.warning("upload lost at the store", upload_id=str(upload.id))
    return await _replace(database, storage, upload, with_checksums=upload.part_checksums)


async def ready_for_checksums(
    database: Database, storage: Storage, upload: UploadRow, numbers: Sequence[int], given: set[int]
) -> UploadRow:
    """Make the upload at S3 fit the checksums the client gives, or does not give.

    S3 fixes when a multipart upload is created whether its parts carry a SHA-256, and the client
    says so only now. So the first call with checksums replaces a still empty upload at S3.

    Raises:
        ChecksumsRequired: some parts would carry one and others not.
        UploadNotPending: it ended meanwhile.
    """
    if not given and not upload.part_checksums:
        return upload
    if missing := [number for number in numbers if number not in given]:
        raise ChecksumsRequired(f"Give a checksum for each part; part {missing[0]} has none.")
    while not upload.part_checksums:  # again when somebody else was faster, without checksums
        upload, held = await held_parts(database, storage, upload)
        if held:
            raise ChecksumsRequired("Parts without checksums have been uploaded already.")
        if not upload.part_checksums:
            upload = await _replace(database, storage, upload, with_checksums=True)
        require_parts_pending(upload)
    return upload


async def _replace(
    database: Database, storage: Storage, upload: UploadRow, *, with_checksums: bool
) -> UploadRow:
    """Put an empty upload at S3 in the place of this one, unless somebody has changed it."""
    key = upload.object_key
    fresh = await storage.create_multipart(
        key, content_type=upload.content_type, with_checksums=with_checksums
    )
    replaced = await database.autocommit.execute(
        update(Upload)
        .where(
            Upload.id == upload.id,
            Upload.s3_upload_id == upload.s3_upload_id,
            Upload.state == upload.state,
            Upload.lease_until.is_not_distinct_from(upload.lease_until),
            queries.is_open,
        )
        .values(s3_upload_id=fresh, part_checksums=with_checksums)
        .returning(*queries.row_columns)
    )
    row = replaced.first()
    await storage.abort_multipart(key, fresh if row is None else upload.s3_upload_id)
    return row if row is not None else await _read_again(database, upload)


async def _read_again(database: Database, upload: UploadRow) -> UploadRow:
    query = select(*queries.row_columns).where(Upload.id == upload.id)
    row = (await database.autocommit.execute(query)).first()
    if row is None:
        raise UploadNotFound
    return row
