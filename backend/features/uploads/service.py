"""Look at uploads, give one up."""

from collections.abc import Sequence
from uuid import UUID

from backend.core.database.engine import Database
from backend.core.database.keyset import descending
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.s3.objects import Part
from backend.core.s3.storage import Storage
from backend.core.services import Services
from backend.features.files.service import get_file
from backend.features.tree.schemas import File
from backend.features.uploads import queries
from backend.features.uploads.ending import end
from backend.features.uploads.errors import UploadNotFound, UploadNotPending
from backend.features.uploads.multipart import held_parts
from backend.features.uploads.schemas import Upload as UploadDocument
from backend.features.uploads.signing import UploadSigner
from backend.features.uploads.states import in_state, require_parts_pending, state_of
from backend.kit import faults
from backend.kit.vocabulary import Scope, UploadMethod, UploadState
from backend.models import Upload, UploadRow
from backend.rules.principal import Principal

NEWEST = descending(id=Upload.id)


async def find(db: Db, user_id: UUID, upload_id: UUID, *, hold: bool = False) -> UploadRow:
    """One upload that `user_id` has begun; `hold` keeps everybody else from ending it meanwhile.

    Raises:
        UploadNotFound: there is none, or it is somebody else's.
    """
    query = queries.own_uploads(user_id).where(Upload.id == upload_id)
    upload = (await db.execute(query.with_for_update() if hold else query)).first()
    if upload is None:
        raise UploadNotFound
    return upload


async def find_pending(db: Db, user_id: UUID, upload_id: UUID) -> UploadRow:
    """Like `find`, for what only a pending multipart upload can do.

    Raises:
        UploadNotPending: it is over, or has no parts.
    """
    return require_parts_pending(await find(db, user_id, upload_id))


async def page(
    db: Db, user_id: UUID, *, state: UploadState | None, limit: int, cursor: str | None
) -> tuple[Sequence[UploadRow], str | None]:
    """A page of the caller's uploads, newest first, and the cursor of the next one."""
    query = queries.own_uploads(user_id)
    if state is not None:
        query = query.where(in_state(state))
    return await NEWEST.fetch(db, UploadRow, query, limit, cursor)


async def uploaded_parts(
    database: Database, storage: Storage, upload: UploadRow
) -> tuple[UploadRow, Sequence[Part] | None]:
    """The upload and what S3 holds of it: None for what is no pending multipart upload.

    Raises:
        UploadNotFound: it is gone with its account.
    """
    if upload.method != UploadMethod.MULTIPART or state_of(upload) is not UploadState.PENDING:
        return upload, None
    return await held_parts(database, storage, upload)


async def resulting_file(db: Db, user_id: UUID, upload: UploadRow) -> File | None:
    """The file a completed upload became; None where the caller cannot see it any more."""
    try:
        return await get_file(db, user_id, upload.file_id)
    except NotFound:
        return None


async def abort(services: Services, principal: Principal, upload_id: UUID) -> None:
    """Give an upload up: free the reservation and discard the bytes. Repeating it is fine.

    Raises:
        UploadNotPending: it has completed, or is just being completed.
    """
    async with services.database.transaction() as tx:
        upload = await find(tx, principal.user_id, upload_id, hold=True)
        settings = services.settings.upload
        if upload.state == UploadState.ABORTED:
            return
        if not await end(tx, settings, principal.actor, upload, UploadState.ABORTED):
            raise UploadNotPending(f"This upload is {upload.state}.")
    faults.reach("abort.committed")


def signer(services: Services, principal: Principal) -> UploadSigner:
    """Signs for this caller: writes only for those who may write."""
    may_write = Scope.FILES_WRITE in principal.scopes
    return UploadSigner(services.presigner, services.settings.upload, may_write=may_write)


async def present(
    services: Services, db: Db, principal: Principal, upload: UploadRow
) -> UploadDocument:
    """One upload with all there is to say: the parts at S3, the file it became."""
    database, storage = services.database, services.storage
    upload, uploaded = await uploaded_parts(database, storage, upload)
    file = None
    if upload.state == UploadState.COMPLETED:
        file = await resulting_file(db, principal.user_id, upload)
    return signer(services, principal).present(upload, uploaded=uploaded, file=file)
