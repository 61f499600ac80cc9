"""`/v1/files/{id}/links`, `/v1/folders/{id}/links`, `/v1/links`: for owners."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query

from backend.core.database.requests import LateTx, Statements, Tx
from backend.core.errors import NotFound, Unauthorized
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import CurrentServices
from backend.features.links import service
from backend.features.links.errors import BelowDownloadCount, LinkRevoked
from backend.features.links.schemas import CreatedLink, Link, LinkCreate, LinkUpdate
from backend.kit.vocabulary import NodeKind
from backend.rules.access import RoleRequired
from backend.rules.idempotency import (
    IdempotencyHeader,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
)
from backend.rules.principal import GrantsRead, ScopeRequired, SharesWrite

router = APIRouter(prefix="/v1", tags=["Links"], route_class=Route)

CALLER = (Unauthorized, ScopeRequired, NotFound)
OWNER_ERRORS = problems(*CALLER, RoleRequired)
CREATE_ERRORS = problems(*CALLER, RoleRequired, IdempotencyKeyReused, IdempotencyKeyInUse)
Limits = Annotated[
    LinkCreate | None,
    Body(description="If omitted, the link has no limits but the operator's expiry, if any."),
]
OfNode = Annotated[
    UUID | None,
    Query(description="List all links to this file or folder, which you must own."),
]


@router.post(
    "/files/{file_id}/links",
    status_code=201,
    summary="Create a link to a file",
    responses=CREATE_ERRORS,
)
async def link_file(
    principal: GrantsRead,
    late: LateTx,
    services: CurrentServices,
    file_id: UUID,
    new: Limits = None,
    _key: IdempotencyHeader = None,
) -> CreatedLink:
    """Creates a link through which anyone can download the file, without an account.

    `token` and `url` are shown only once: the server keeps only a hash. The link works until it
    expires, is revoked or reaches its maximum number of downloads, and while the file is not in
    the trash.
    """
    limits = new or LinkCreate()
    return await service.create(services, late, principal, file_id, limits, kind=NodeKind.FILE)


@router.post(
    "/folders/{folder_id}/links",
    status_code=201,
    summary="Create a link to a folder",
    responses=CREATE_ERRORS,
)
async def link_folder(
    principal: GrantsRead,
    late: LateTx,
    services: CurrentServices,
    folder_id: UUID,
    new: Limits = None,
    _key: IdempotencyHeader = None,
) -> CreatedLink:
    """Creates a link through which anyone can browse the folder and download its files.

    Each downloaded file counts towards `max_downloads`. Otherwise it works like a link to a file.
    """
    limits = new or LinkCreate()
    return await service.create(services, late, principal, folder_id, limits, kind=NodeKind.FOLDER)


@router.get("/links", summary="List links", responses=OWNER_ERRORS)
async def list_links(
    principal: SharesWrite,
    db: Statements,
    node_id: OfNode = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Link]:
    """Lists the links you created, newest first; with `node_id`, every link to that node."""
    return await service.list_links(db, principal, node_id, limit, cursor)


@router.get("/links/{link_id}", summary="Get a link by id", responses=problems(*CALLER))
async def get_link(principal: SharesWrite, db: Statements, link_id: UUID) -> Link:
    """Returns a link that you created or that leads to a node you own."""
    return await service.get(db, principal, link_id)


@router.patch(
    "/links/{link_id}",
    summary="Change a link",
    responses=problems(*CALLER, LinkRevoked, BelowDownloadCount),
)
async def update_link(
    principal: GrantsRead,
    late: LateTx,
    services: CurrentServices,
    link_id: UUID,
    change: LinkUpdate,
) -> Link:
    """Sets or removes the expiry, the password or the maximum. Takes effect immediately.

    Changing the password locks the link again for everyone who had unlocked it.
    """
    return await service.change(services, late, principal, link_id, change)


@router.delete(
    "/links/{link_id}", status_code=204, summary="Revoke a link", responses=problems(*CALLER)
)
async def revoke_link(principal: SharesWrite, tx: Tx, link_id: UUID) -> None:
    """Ends the link immediately and permanently: from then on it answers 410 `link_revoked`."""
    await service.revoke(tx, principal, link_id)
