"""`/v1/uploads`."""

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response, status

from backend.core.database.requests import Statements
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
from backend.core.services import CurrentServices, Services, get_services
from backend.features.tree.errors import InvalidNodeName
from backend.features.uploads import service
from backend.features.uploads.begin import begin
from backend.features.uploads.errors import (
    ChecksumNotPossible,
    ChecksumsRequired,
    InvalidChecksumGiven,
    PartOutOfRange,
    TooManyUploads,
    UploadNotPending,
)
from backend.features.uploads.schemas import (
    PartsRequest,
    SignedPart,
    SignedParts,
    Upload,
    UploadCreate,
)
from backend.features.uploads.signing import UploadSigner
from backend.kit.vocabulary import UploadState
from backend.rules.access import RoleRequired
from backend.rules.idempotency import (
    KEY,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    presenting,
)
from backend.rules.principal import FilesRead, FilesWrite, Principal, authenticate

router = APIRouter(prefix="/v1/uploads", tags=["Uploads"], route_class=Route)
SIGNED_AT_ONCE = 500
"""Parts that are signed before other requests get a turn: about 5 ms."""
LISTED_AT_ONCE = 100
"""Uploads of a list, likewise."""


async def _begun_before(request: Request, location: str) -> Response:
    """The upload at `location`, for whoever repeats the request that began it."""
    services, principal = await get_services(request), await authenticate(request)
    signer, upload_id = _signer(services, principal), UUID(location.rpartition("/")[2])
    database, storage = services.database, services.storage
    return model_answer(await service.get(database, storage, signer, principal.user_id, upload_id))


BeginKey = Annotated[str | None, KEY, presenting(_begun_before)]


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
        TooManyUploads,
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
    _key: BeginKey = None,
) -> Response:
    """Reserves space and returns presigned requests; send the bytes with them directly to S3.

    Repeated with its `Idempotency-Key`, it returns the upload as it is now, its requests signed
    anew.
    """
    settings, signer = services.settings.upload, _signer(services, principal)
    upload = await begin(db, services.storage, signer, settings, principal, body)
    location = {"Location": f"/v1/uploads/{upload.id}"}
    return model_answer(upload, status.HTTP_201_CREATED, location)


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
    """Newest first. Get a single upload to see its parts and the file that it became."""
    signer, user_id = _signer(services, principal), principal.user_id
    uploads, next_cursor = await service.list_uploads(
        db, signer, user_id, state=state, limit=limit, cursor=cursor
    )
    return Response(await _page_body(uploads, next_cursor), media_type="application/json")


@router.get(
    "/{upload_id}",
    summary="Get an upload",
    responses=problems(NotFound, DependencyUnavailable),
)
async def get_upload(principal: FilesRead, services: CurrentServices, upload_id: UUID) -> Upload:
    """What S3 already holds and what is still to be sent, to resume the upload from any device.

    Presigned requests are only included for callers with the scope `files:write`.
    """
    signer, user_id = _signer(services, principal), principal.user_id
    return await service.get(services.database, services.storage, signer, user_id, upload_id)


@router.post(
    "/{upload_id}/parts",
    summary="Sign parts",
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
    principal: FilesWrite, services: CurrentServices, upload_id: UUID, body: PartsRequest
) -> Response:
    """Up to 10,000 in one request, as often as you like. Give checksums for all parts or for none.

    If S3 answers 404 to a part sent before the upload expires, it has lost the upload: get the
    upload, which reopens it, and send all parts again.
    """
    database, storage, signer = services.database, services.storage, _signer(services, principal)
    user_id = principal.user_id
    parts = await service.sign_parts(database, storage, signer, user_id, upload_id, body)
    return Response(await _parts_body(parts), media_type="application/json")


def _signer(services: Services, principal: Principal) -> UploadSigner:
    return UploadSigner(services.presigner, services.limiter, services.settings, principal)


async def _parts_body(parts: Iterable[SignedPart]) -> bytes:
    """The JSON of many parts; other requests get a turn in between."""
    iterator, chunks = iter(parts), []
    while chunk := [part.__dict__ for part in islice(iterator, SIGNED_AT_ONCE)]:
        chunks.append(orjson.dumps(chunk)[1:-1])
        await asyncio.sleep(0)
    return b'{"parts":[' + b",".join(chunks) + b"]}"


async def _page_body(uploads: Iterable[Upload], next_cursor: str | None) -> bytes:
    """The JSON of a page of uploads; other requests get a turn in between."""
    iterator, items = iter(uploads), []
    while chunk := [upload.model_dump_json() for upload in islice(iterator, LISTED_AT_ONCE)]:
        items += chunk
        await asyncio.sleep(0)
    cursor = orjson.dumps(next_cursor)
    return b'{"items":[' + ",".join(items).encode() + b'],"next_cursor":' + cursor + b"}"
