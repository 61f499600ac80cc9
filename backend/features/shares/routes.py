"""`/v1/files/{id}/shares`, `/v1/folders/{id}/shares`, `/v1/shares/{id}`, `/v1/shared-with-me`.

And `/v1/files/{id}/access`, `/v1/folders/{id}/access`: shares and links together.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from backend.core.database.requests import Statements, Tx
from backend.core.errors import NotFound, TooManyRequests, Unauthorized
from backend.core.http.answers import json_answer
from backend.core.http.direct import direct
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import CurrentServices, CurrentSettings
from backend.features.shares import ending, opened, received, service
from backend.features.shares.errors import CannotShareWithOwner, CannotShareWithYourself
from backend.features.shares.schemas import Opening, Share, ShareCreate, ShareUpdate
from backend.features.tree.schemas import Node
from backend.kit.vocabulary import NodeKind
from backend.rules.access import RoleRequired
from backend.rules.idempotency import (
    IdempotencyHeader,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
)
from backend.rules.principal import FilesRead, GrantsRead, ScopeRequired, SharesWrite

router = APIRouter(prefix="/v1", tags=["Sharing"], route_class=Route)


async def limit_sharing(principal: GrantsRead, services: CurrentServices) -> None:
    """Count one share against the caller's rate limit: a new share sends a mail in our name.

    Raises:
        TooManyRequests: the limit is reached.
    """
    await services.limiter.hit(
        services.settings.sharing.invite_rate, "share", str(principal.user_id)
    )


Keep = Annotated[bool, Query(description="Leave the shares and links that the person made there.")]
OWNER = (Unauthorized, ScopeRequired, RoleRequired, NotFound)
OWNER_ERRORS = problems(*OWNER)
CREATE_ERRORS = problems(
    *OWNER,
    CannotShareWithOwner,
    CannotShareWithYourself,
    IdempotencyKeyReused,
    IdempotencyKeyInUse,
    TooManyRequests,
)


@router.post(
    "/files/{file_id}/shares",
    status_code=201,
    summary="Share a file",
    responses=CREATE_ERRORS,
    dependencies=[Depends(limit_sharing)],
)
async def share_file(
    principal: GrantsRead,
    tx: Tx,
    settings: CurrentSettings,
    file_id: UUID,
    new: ShareCreate,
    _key: IdempotencyHeader = None,
) -> Share:
    """Gives a person a role on a file. Sharing with the same person again sets the new role.

    An address without a verified account is invited: the share takes effect once the address is
    verified. If your own address is verified, a new recipient is notified by e-mail.

    An API key needs `files:write`, too, to make somebody an editor or owner.
    """
    return await service.share(tx, settings, principal, file_id, new, kind=NodeKind.FILE)


@router.post(
    "/folders/{folder_id}/shares",
    status_code=201,
    summary="Share a folder",
    responses=CREATE_ERRORS,
    dependencies=[Depends(limit_sharing)],
)
async def share_folder(
    principal: GrantsRead,
    tx: Tx,
    settings: CurrentSettings,
    folder_id: UUID,
    new: ShareCreate,
    _key: IdempotencyHeader = None,
) -> Share:
    """Gives a person a role on a folder and on everything in it, now and in the future.

    If a person has several roles on a file, the strongest applies. Otherwise it works like sharing
    a file.
    """
    return await service.share(tx, settings, principal, folder_id, new, kind=NodeKind.FOLDER)


@router.get("/files/{file_id}/shares", summary="List the shares of a file", responses=OWNER_ERRORS)
async def list_file_shares(
    principal: SharesWrite,
    db: Statements,
    file_id: UUID,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Share]:
    """Lists the shares of the file itself, oldest first, without those of its parent folders."""
    return await service.list_shares(
        db, principal, file_id, kind=NodeKind.FILE, limit=limit, cursor=cursor
    )


@router.get(
    "/folders/{folder_id}/shares", summary="List the shares of a folder", responses=OWNER_ERRORS
)
async def list_folder_shares(
    principal: SharesWrite,
    db: Statements,
    folder_id: UUID,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Share]:
    """Lists the shares of the folder itself, oldest first, without those of its parent folders."""
    return await service.list_shares(
        db, principal, folder_id, kind=NodeKind.FOLDER, limit=limit, cursor=cursor
    )


@router.patch("/shares/{share_id}", summary="Change a role", responses=OWNER_ERRORS)
async def update_share(principal: GrantsRead, tx: Tx, share_id: UUID, change: ShareUpdate) -> Share:
    """Sets a new role, effective immediately.

    This works for pending invitations and for files and folders in the trash, too. An API key needs
    `files:write`, too, to make somebody an editor or owner.
    """
    return await service.change_role(tx, principal, share_id, change.role)


@router.delete("/shares/{share_id}", status_code=204, summary="End a share", responses=OWNER_ERRORS)
async def remove_share(principal: SharesWrite, tx: Tx, share_id: UUID, keep: Keep = False) -> None:
    """Ends a share immediately. Owners can end any share; everyone can end their own.

    Unless `keep` is true, the shares and links that the person made on the file or folder or below
    it end, too, and so does what those they let in have made. What somebody made where they are
    still an owner stays, and so do your own access and that of a team space's oldest owner.
    """
    await ending.remove(tx, principal, share_id, keep=keep)


@router.get("/files/{file_id}/access", summary="List what opens a file", responses=OWNER_ERRORS)
async def list_file_access(
    principal: SharesWrite,
    db: Statements,
    file_id: UUID,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Opening]:
    """Lists the shares and links of the file and of the folders above it that you own.

    Otherwise it works like listing what opens a folder.
    """
    return await opened.list_openings(
        db, principal, file_id, kind=NodeKind.FILE, limit=limit, cursor=cursor
    )


@router.get(
    "/folders/{folder_id}/access", summary="List what opens a folder", responses=OWNER_ERRORS
)
async def list_folder_access(
    principal: SharesWrite,
    db: Statements,
    folder_id: UUID,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Opening]:
    """Lists all shares and links of the folder, of everything in it, and of the folders above it
    that you own, newest first.

    Trashed files and folders are included, revoked links are not.
    """
    return await opened.list_openings(
        db, principal, folder_id, kind=NodeKind.FOLDER, limit=limit, cursor=cursor
    )


@router.get(
    "/shared-with-me",
    summary="List what others share with you",
    response_model=Page[Node],
    responses=problems(Unauthorized, ScopeRequired),
)
@direct
async def list_shared_with_me(
    principal: FilesRead, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Lists files and folders that were shared with you directly, the latest share first.

    To see what is in a shared folder, list its children.
    """
    page = await received.shared_with_me(db, principal.user_id, limit, cursor)
    return json_answer(page._asdict())
