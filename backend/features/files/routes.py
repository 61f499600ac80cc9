"""`/v1/files` and `/v1/download-urls`."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import RedirectResponse

from backend.core.database.requests import Statements, Tx
from backend.core.errors import NameTaken, NotFound, QuotaExceeded
from backend.core.http.answers import json_answer, model_answer
from backend.core.http.direct import direct
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import CurrentServices
from backend.features.files import copies, downloads, service
from backend.features.files.schemas import (
    CopyRequest,
    Download,
    DownloadRequest,
    Downloads,
    DownloadsRequest,
)
from backend.features.tree import moves, search, trash
from backend.features.tree.errors import FolderTooDeep, InvalidNodeName, OtherOwner
from backend.features.tree.schemas import File, NodeUpdate
from backend.kit.vocabulary import NodeKind
from backend.rules.access import RoleRequired
from backend.rules.idempotency import IdempotencyHeader
from backend.rules.principal import FilesRead, FilesWrite
from backend.rules.signing import limit_signing

router = APIRouter(prefix="/v1", tags=["Files"], route_class=Route)

CURRENT_VERSION = DownloadRequest()
NO_STORE = {"Cache-Control": "no-store"}


@router.get("/files", summary="Search files", response_model=Page[File])
@direct
async def search_files(
    principal: FilesRead,
    db: Statements,
    *,
    q: Annotated[
        str,
        Query(
            max_length=255,
            pattern=r"^[^\x00]*$",
            examples=["invoice 2026"],
            description="Words that must all occur in the name, in any order, ignoring case.",
        ),
    ] = "",
    content_type: Annotated[
        str | None,
        Query(
            max_length=255,
            pattern=search.CONTENT_TYPE_PATTERN,
            examples=["image/*"],
            description="`image/png`, or `image/*` for the whole family.",
        ),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Searches your files and those shared with you, sorted by name, except in the trash."""
    page = await search.search_files(
        db, principal.user_id, q=q, content_type=content_type, limit=limit, cursor=cursor
    )
    return json_answer(page._asdict())


@router.get(
    "/files/{file_id}", summary="Get a file", response_model=File, responses=problems(NotFound)
)
@direct
async def get_file(principal: FilesRead, db: Statements, file_id: UUID) -> Response:
    """Returns a file and its current version."""
    return model_answer(await service.get_file(db, principal.user_id, file_id))


@router.patch(
    "/files/{file_id}",
    summary="Rename or move a file",
    responses=problems(
        NotFound, RoleRequired, NameTaken, OtherOwner, FolderTooDeep, InvalidNodeName
    ),
)
async def update_file(principal: FilesWrite, tx: Tx, file_id: UUID, body: NodeUpdate) -> File:
    """Requires the role editor on the file and, to move it, on the target folder.

    A move cannot give you a stronger role: into a folder that you own you can move only what you
    own.
    """
    await moves.update_node(tx, principal, file_id, NodeKind.FILE, body)
    return await service.get_file(tx, principal.user_id, file_id)


@router.delete(
    "/files/{file_id}",
    status_code=204,
    summary="Move a file to the trash",
    responses=problems(NotFound, RoleRequired),
)
async def trash_file(principal: FilesWrite, tx: Tx, file_id: UUID) -> None:
    """Requires the role editor. The file goes to the space's trash with all its versions."""
    await trash.trash_node(tx, principal, file_id, NodeKind.FILE)


@router.post(
    "/files/{file_id}/copy",
    status_code=201,
    summary="Copy a file",
    responses=problems(
        NotFound, RoleRequired, NameTaken, QuotaExceeded, FolderTooDeep, InvalidNodeName
    ),
)
async def copy_file(
    principal: FilesWrite,
    tx: Tx,
    file_id: UUID,
    body: Annotated[CopyRequest | None, Body()] = None,
    _key: IdempotencyHeader = None,
) -> File:
    """Copies the current version immediately, whatever its size, using the target space's quota.

    Requires the role viewer on the file and editor on the target folder.
    """
    return await copies.copy_file(tx, principal, file_id, body or CopyRequest())


@router.head("/files/{file_id}/download", include_in_schema=False)
@router.get(
    "/files/{file_id}/download",
    status_code=307,
    summary="Download a file",
    response_class=RedirectResponse,
    responses=problems(NotFound),
)
async def download_file(
    request: Request, principal: FilesRead, db: Statements, services: CurrentServices, file_id: UUID
) -> RedirectResponse:
    """Redirects to a short-lived URL in the object store."""
    await limit_signing(services.limiter, services.settings, principal)
    row = await downloads.find_download(db, principal.user_id, file_id, None)
    lifetime = services.settings.download_url_ttl
    method: Literal["GET", "HEAD"] = "HEAD" if request.method == "HEAD" else "GET"
    download = downloads.sign(services.presigner, row, lifetime, "attachment", method)
    return RedirectResponse(download["url"], headers=NO_STORE)


@router.post(
    "/files/{file_id}/download-url",
    summary="Create a download URL",
    response_model=Download,
    responses=problems(NotFound),
)
@direct
async def create_download_url(
    principal: FilesRead,
    db: Statements,
    services: CurrentServices,
    file_id: UUID,
    body: Annotated[DownloadRequest | None, Body()] = None,
) -> Response:
    """Anyone with the URL can read this version of the file, and nothing else, until it expires."""
    await limit_signing(services.limiter, services.settings, principal)
    body = body or CURRENT_VERSION
    row = await downloads.find_download(db, principal.user_id, file_id, body.version_id)
    lifetime = services.settings.download_url_ttl
    return json_answer(downloads.sign(services.presigner, row, lifetime, body.disposition))


@router.post(
    "/download-urls",
    summary="Create download URLs for many files",
    response_model=Downloads,
    responses=problems(NotFound),
)
@direct
async def create_download_urls(
    principal: FilesRead, db: Statements, services: CurrentServices, body: DownloadsRequest
) -> Response:
    """Returns URLs for up to 1,000 files, in the order requested.

    All or nothing: if any file is not found, the response is 404 and `errors` lists which.
    """
    await limit_signing(services.limiter, services.settings, principal, len(body.file_ids))
    rows = await downloads.find_downloads(db, principal.user_id, body.file_ids)
    lifetime = services.settings.download_url_ttl
    signed = [downloads.sign(services.presigner, row, lifetime, "attachment") for row in rows]
    return json_answer({"items": signed})
