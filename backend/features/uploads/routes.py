"""`/v1/uploads`."""

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response, status

from backend.core.database.requests import CurrentDatabase, Statements
from backend.core.errors import (
    DependencyUnavailable,
    NameTaken,
    NotFound,
    QuotaExceeded,
    TooLarge,
    UnsupportedType,
)
from backend.core.http.answers import model_answer
from backend.core.http.direct import direct
from backend.core.http.edge import BULK_BODY
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import CurrentServices
from backend.features.tree.errors import InvalidNodeName
from backend.features.uploads import service
from backend.features.uploads.begin import begin
from backend.features.uploads.errors import (
    ChecksumNotPossible,
    ChecksumsRequired,
    InvalidChecksumGiven,
    PartOutOfRange,
    UploadNotPending,
)
from backend.features.uploads.multipart import ready_for_checksums
from backend.features.uploads.plan import plan_upload
from backend.features.uploads.schemas import (
    PartsRequest,
    SignedPart,
    SignedParts,
    Upload,
    UploadCreate,
)
from backend.kit.vocabulary import UploadState
from backend.rules.access import RoleRequired
from backend.rules.idempotency import (
    IdempotencyHeader,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
)
from backend.rules.principal import FilesRead, FilesWrite
from backend.rules.signing import limit_signing

router = APIRouter(prefix="/v1/uploads", tags=["Uploads"], route_class=Route)
SIGNED_AT_ONCE = 500
"""Parts signed before other requests get a turn: about 5 ms."""
LISTED_AT_ONCE = 100
"""Uploads of a list likewise."""


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Begin an upload",
    response_model=Upload,
    responses=problems(
        NotFound,
        RoleRequired,
        NameTaken,
        QuotaExceeded,
        IdempotencyKeyInUse,
        TooLarge,
        UnsupportedType,
        InvalidNodeName,
        InvalidChecksumGiven,
        ChecksumNotPossible,
        IdempotencyKeyReused,
        DependencyUnavailable,
    ),
)
@direct
async def begin_upload(
    principal: FilesWrite,
    services: CurrentServices,
    db: Statements,
    body: UploadCreate,
    _key: IdempotencyHeader = None,
) -> Response:
    """Reserve the space and get presigned requests. The bytes then go straight to S3."""
    await limit_signing(services, principal)
    settings = services.settings.upload
    plan = plan_upload(body, settings)
    upload = await begin(db, services.storage, settings, principal, plan)
    location = {"Location": f"/v1/uploads/{upload.id}"}
    return model_answer(
        service.signer(services, principal).present(upload), status.HTTP_201_CREATED, location
    )


@router.get("", summary="List your uploads", response_model=Page[Upload])
@direct
async def list_uploads(
    principal: FilesRead,
    services: CurrentServices,
    db: Statements,
    state: Annotated[UploadState | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Newest first. Parts, what S3 holds, and what they became stand in the single look-up."""
    found, next_cursor = await service.page(
        db, principal.user_id, state=state, limit=limit, cursor=cursor
    )
    await limit_signing(services, principal, len(found))
    uploads = map(service.signer(services, principal).listed, found)
    return Response(await _page_body(uploads, next_cursor), media_type="application/json")


@router.get("/{upload_id}", summary="Look at an upload", responses=problems(NotFound))
async def get_upload(
    principal: FilesRead, services: CurrentServices, db: Statements, upload_id: UUID
) -> Upload:
    """What S3 holds already and what is still to be sent: resume here, from any device.

    The requests that send it are signed for callers with the scope `files:write` alone.
    """
    await limit_signing(services, principal)
    upload = await service.find(db, principal.user_id, upload_id)
    return await service.present(services, db, principal, upload)


@router.post(
    "/{upload_id}/parts",
    summary="Get parts signed",
    max_body_size=BULK_BODY,
    response_model=SignedParts,
    responses=problems(
        NotFound,
        UploadNotPending,
        PartOutOfRange,
        InvalidChecksumGiven,
        ChecksumsRequired,
        DependencyUnavailable,
    ),
)
@direct
async def sign_parts(
    principal: FilesWrite,
    services: CurrentServices,
    database: CurrentDatabase,
    upload_id: UUID,
    body: PartsRequest,
) -> Response:
    """Up to 10,000 in one call, as often as you like. Checksums: for all parts or for none.

    Where S3 answers 404 to a part that is sent in time, it has lost the upload: look at the upload
    first, and it is opened anew.
    """
    numbers, checksums = body.numbers(), body.checksums_sha256 or {}
    await limit_signing(services, principal, len(numbers))
    upload = await service.find_pending(database.autocommit, principal.user_id, upload_id)
    upload = await ready_for_checksums(database, services.storage, upload, numbers, set(checksums))
    parts = service.signer(services, principal).parts(upload, numbers, checksums)
    return Response(await _parts_body(parts), media_type="application/json")


@router.delete(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Abort an upload",
    responses=problems(NotFound, UploadNotPending),
)
async def abort_upload(principal: FilesWrite, services: CurrentServices, upload_id: UUID) -> None:
    """Free the reservation and discard the bytes."""
    await service.abort(services, principal, upload_id)


async def _parts_body(parts: Iterable[SignedPart]) -> bytes:
    """The JSON of many parts, written in turns so that other requests are not held up."""
    iterator, chunks = iter(parts), []
    while chunk := [part.__dict__ for part in islice(iterator, SIGNED_AT_ONCE)]:
        chunks.append(orjson.dumps(chunk)[1:-1])
        await asyncio.sleep(0)
    return b'{"parts":[' + b",".join(chunks) + b"]}"


async def _page_body(uploads: Iterable[Upload], next_cursor: str | None) -> bytes:
    """The JSON of a page of uploads, signed and written in turns like parts."""
    iterator, items = iter(uploads), []
    while chunk := [upload.model_dump_json() for upload in islice(iterator, LISTED_AT_ONCE)]:
        items += chunk
        await asyncio.sleep(0)
    cursor = orjson.dumps(next_cursor)
    return b'{"items":[' + ",".join(items).encode() + b'],"next_cursor":' + cursor + b"}"
