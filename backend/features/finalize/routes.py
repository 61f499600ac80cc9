"""How an upload ends: `POST /v1/uploads/{id}/complete`, `DELETE /v1/uploads/{id}`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, status

from backend.core.errors import DependencyUnavailable, NameTaken, NotFound
from backend.core.http.edge import BULK_BODY
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.services import CurrentServices
from backend.features.finalize.complete import complete
from backend.features.finalize.ending import abort
from backend.features.tree.errors import FolderTooDeep
from backend.features.uploads.errors import (
    ChecksumMismatch,
    HeadersAdded,
    PartOutOfRange,
    SizeMismatch,
    TargetGone,
    UploadIncomplete,
    UploadNotPending,
)
from backend.features.uploads.schemas import CompleteRequest, Upload
from backend.rules.principal import FilesWrite
from backend.rules.signing import limit_signing

router = APIRouter(prefix="/v1/uploads", tags=["Uploads"], route_class=Route)


@router.post(
    "/{upload_id}/complete",
    summary="Complete an upload",
    max_body_size=BULK_BODY,
    responses=problems(
        NotFound,
        UploadIncomplete,
        UploadNotPending,
        TargetGone,
        NameTaken,
        FolderTooDeep,
        PartOutOfRange,
        SizeMismatch,
        ChecksumMismatch,
        HeadersAdded,
        DependencyUnavailable,
    ),
)
async def complete_upload(
    principal: FilesWrite,
    services: CurrentServices,
    upload_id: UUID,
    body: Annotated[CompleteRequest | None, Body()] = None,
) -> Upload:
    """Turns the uploaded bytes into a file, as S3 reports them. Completing again is harmless."""
    await limit_signing(services.limiter, services.settings, principal)
    database, storage, settings = services.database, services.storage, services.settings.upload
    parts = body.parts if body else None
    return await complete(database, storage, settings, principal, upload_id, parts)


@router.delete(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Abort an upload",
    responses=problems(NotFound, UploadNotPending),
)
async def abort_upload(principal: FilesWrite, services: CurrentServices, upload_id: UUID) -> None:
    """Releases the reserved space and deletes the bytes that were sent."""
    await abort(services.database, services.settings.upload, principal, upload_id)
