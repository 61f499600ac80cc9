"""`/v1/uploads/{id}/complete`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body

from backend.core.database.requests import Statements
from backend.core.errors import DependencyUnavailable, NameTaken, NotFound
from backend.core.http.edge import BULK_BODY
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.services import CurrentServices
from backend.features.finalize.complete import complete_in_time
from backend.features.tree.errors import FolderTooDeep
from backend.features.uploads import service
from backend.features.uploads.errors import (
    ChecksumMismatch,
    PartOutOfRange,
    SizeMismatch,
    TargetGone,
    UploadIncomplete,
    UploadNotPending,
)
from backend.features.uploads.schemas import CompleteRequest, Upload
from backend.kit.vocabulary import UploadState
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
        DependencyUnavailable,
    ),
)
async def complete_upload(
    principal: FilesWrite,
    services: CurrentServices,
    db: Statements,
    upload_id: UUID,
    body: Annotated[CompleteRequest | None, Body()] = None,
) -> Upload:
    """Make a file of the bytes, as S3 says they are. Completing twice gives the same answer."""
    await limit_signing(services, principal)
    upload = await service.find(db, principal.user_id, upload_id)
    if upload.state != UploadState.COMPLETED:
        await complete_in_time(services, principal.actor, upload, body.parts if body else None)
        upload = await service.find(db, principal.user_id, upload_id)
    return await service.present(services, db, principal, upload)
