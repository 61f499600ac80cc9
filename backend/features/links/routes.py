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
from backend.rules.principal import ScopeRequired, SharesWrite

router = APIRouter(prefix="/v1", tags=["Links"], route_class=Route)

CALLER = (Unauthorized, ScopeRequired, NotFound)
OWNER_ERRORS = problems(*CALLER, RoleRequired)
CREATE_ERRORS = problems(*CALLER, RoleRequired, IdempotencyKeyReused, IdempotencyKeyInUse)
Limits = Annotated[LinkCreate | None, Body(description="Left out: a link without limits.")]
OfNode = Annotated[
    UUID | None,
    Query(description="All links of this file or folder, which the caller owns, whoever made them"),
]


@router.post(
    "/files/{file_id}/links", status_code=201, summary="Link a file", responses=CREATE_ERRORS
)
async def link_file(
    principal: SharesWrite,
    late: LateTx,
    services: CurrentServices,
    file_id: UUID,
    new: Limits = None,
    _key: IdempotencyHeader = None,
) -> CreatedLink:
    """Make a link through which anyone can download the file, without an account.

    `token` and `url` are shown once: only a hash is kept. The link works until it expires, is
    used up or withdrawn; while the file is in the trash it does not.
    """
    limits = new or LinkCreate()
    return await service.create(services, late, principal, file_id, limits, kind=NodeKind.FILE)


@router.post(
    "/folders/{folder_id}/links", status_code=201, summary="Link a folder", responses=CREATE_ERRORS
)
async def link_folder(
    principal: SharesWrite,
    late: LateTx,
    services: CurrentServices,
    folder_id: UUID,
    new: Limits = None,
    _key: IdempotencyHeader = None,
) -> CreatedLink:
    """Make a link through which anyone can browse the folder and download what is in it.

    Each file downloaded counts against `max_downloads`. Otherwise as for a file.
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
    """The links the caller made, newest first; with `node_id`, every link of that node."""
    return await service.list_links(db, principal, node_id, limit, cursor)


@router.get("/links/{link_id}", summary="Show a link", responses=problems(*CALLER))
async def get_link(principal: SharesWrite, db: Statements, link_id: UUID) -> Link:
    """A link the caller made, or of a node the caller owns; how often it was downloaded."""
    return await service.get(db, principal, link_id)


@router.patch(
    "/links/{link_id}",
    summary="Change a link",
    responses=problems(*CALLER, LinkRevoked, BelowDownloadCount),
)
async def update_link(
    principal: SharesWrite,
    late: LateTx,
    services: CurrentServices,
    link_id: UUID,
    change: LinkUpdate,
) -> Link:
    """Set or lift the expiry, the password, the cap. Works at once.

    Another password locks the link again for everyone who had unlocked it.
    """
    return await service.change(services, late, principal, link_id, change)


@router.delete(
    "/links/{link_id}", status_code=204, summary="Withdraw a link", responses=problems(*CALLER)
)
async def revoke_link(principal: SharesWrite, tx: Tx, link_id: UUID) -> None:
    """End a link at once and for good: from now on it answers 410 `link_revoked`."""
    await service.revoke(tx, principal, link_id)
