"""What an uploader does with an upload: look at it, have its parts signed."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from backend.core.database.engine import Database, fetch_one
from backend.core.database.keyset import descending
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.s3.storage import Storage
from backend.features.files.service import get_file
from backend.features.uploads import queries
from backend.features.uploads.errors import UploadNotFound
from backend.features.uploads.multipart import (
    held_parts,
    ready_for_checksums,
    require_parts_pending,
)
from backend.features.uploads.schemas import PartsRequest, SignedPart
from backend.features.uploads.schemas import Upload as UploadDocument
from backend.features.uploads.signing import UploadSigner, describe
from backend.features.uploads.states import in_state
from backend.kit.vocabulary import UploadState
from backend.models import Upload, UploadRow
from backend.rules.access import seen_among

NEWEST = descending(id=Upload.id)


async def list_uploads(
    db: Db,
    signer: UploadSigner,
    user_id: UUID,
    *,
    state: UploadState | None,
    limit: int,
    cursor: str | None,
) -> tuple[Iterable[UploadDocument], str | None]:
    """A page of the uploads that `user_id` has begun, newest first, and the cursor of the next one.

    Each upload is signed as the result is iterated.

    Raises:
        InvalidCursor: not from this list.
        TooManyRequests: SIGNING_RATE is used up.
    """
    query = queries.shown_to(user_id)
    if state is not None:
        query = query.where(in_state(state))
    page, next_cursor = await NEWEST.fetch(db, UploadRow, query, limit, cursor)
    await signer.count(len(page))
    return map(signer.listed, page), next_cursor


async def get(
    database: Database, storage: Storage, signer: UploadSigner, user_id: UUID, upload_id: UUID
) -> UploadDocument:
    """One upload with all there is to say: what S3 holds, what is to be sent, the resulting file.

    Raises:
        UploadNotFound: there is none, or somebody else began it.
        TooManyRequests: SIGNING_RATE is used up.
    """
    found = await _find(database, user_id, upload_id)
    await signer.count(signer.urls_in(found))
    upload, held = await held_parts(database, storage, found)
    upload = upload._replace(folder_id=found.folder_id)
    if upload.state is UploadState.COMPLETED:
        return await describe_completed(database.autocommit, user_id, upload)
    return signer.present(upload, held)


async def describe_completed(db: Db, user_id: UUID, upload: UploadRow) -> UploadDocument:
    """A completed upload, with the file that it became and its folder if the caller sees them."""
    shown = describe(upload)
    if upload.file_id is not None:
        with suppress(NotFound):
            shown.file = await get_file(db, user_id, upload.file_id)
    still_there = shown.file is not None and shown.file.folder_id == upload.folder_id
    if upload.folder_id is not None and not still_there:
        seen = await seen_among(db, user_id, [upload.folder_id])
        shown.folder_id = upload.folder_id if seen else None
    return shown


async def sign_parts(
    database: Database,
    storage: Storage,
    signer: UploadSigner,
    user_id: UUID,
    upload_id: UUID,
    body: PartsRequest,
) -> Iterable[SignedPart]:
    """Sign parts of a pending multipart upload, one at a time as the result is iterated.

    Raises:
        UploadNotFound: there is none, or somebody else began it.
        UploadNotPending: it has ended, or is not sent in parts.
        PartOutOfRange, InvalidChecksumGiven, ChecksumsRequired: before anything is signed.
        TooManyRequests: SIGNING_RATE is used up.
    """
    numbers, checksums = body.numbers(), body.checksums_sha256 or {}
    await signer.count(len(numbers))
    upload = await _find(database, user_id, upload_id)
    multipart = require_parts_pending(upload)
    ready = await ready_for_checksums(database, storage, multipart, numbers, set(checksums))
    return signer.parts(ready, numbers, checksums)


async def _find(database: Database, user_id: UUID, upload_id: UUID) -> UploadRow:
    upload = await fetch_one(
        database.autocommit, queries.OWN_UPLOAD, upload_id=upload_id, user_id=user_id
    )
    if upload is None:
        raise UploadNotFound
    return upload
