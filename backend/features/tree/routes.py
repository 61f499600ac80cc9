"""`/v1/folders` and `/v1/trash`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from backend.core.database.requests import Statements, Tx
from backend.core.errors import NameTaken, NotFound
from backend.core.http.answers import json_answer
from backend.core.http.direct import direct
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.features.tree import children, moves, placement, purge, trash
from backend.features.tree.errors import (
    FolderCycle,
    FolderTooDeep,
    InvalidNodeName,
    OtherOwner,
    ParentTrashed,
    RootFolder,
)
from backend.features.tree.nodes import get_node, get_root_folder
from backend.features.tree.schemas import (
    Folder,
    FolderCreate,
    Node,
    NodeUpdate,
)
from backend.kit.vocabulary import NodeKind
from backend.rules.access import RoleRequired
from backend.rules.idempotency import IdempotencyHeader
from backend.rules.principal import FilesRead, FilesWrite

router = APIRouter(prefix="/v1/folders", tags=["Folders"], route_class=Route)


@router.get("/root", summary="Get a root folder", responses=problems(NotFound))
async def get_root(
    principal: FilesRead,
    db: Statements,
    space_id: Annotated[UUID | None, Query(description="By default, your personal space.")] = None,
) -> Folder:
    """Returns the folder that contains everything in a space."""
    return await get_root_folder(db, principal.user_id, space_id or principal.user_id)


@router.post(
    "",
    status_code=201,
    summary="Create a folder",
    responses=problems(NotFound, RoleRequired, NameTaken, FolderTooDeep, InvalidNodeName),
)
async def create_folder(
    principal: FilesWrite, tx: Tx, body: FolderCreate, _key: IdempotencyHeader = None
) -> Folder:
    """Requires the role editor on the parent folder."""
    return await placement.create_folder(tx, principal, body)


@router.get("/{folder_id}", summary="Get a folder", responses=problems(NotFound))
async def get_folder(principal: FilesRead, db: Statements, folder_id: UUID) -> Folder:
    """Returns the folder itself; list its contents with `children`."""
    return await get_node(db, principal.user_id, folder_id, NodeKind.FOLDER)


@router.get(
    "/{folder_id}/children",
    summary="List the contents of a folder",
    response_model=Page[Node],
    responses=problems(NotFound),
)
@direct
async def list_children(
    principal: FilesRead,
    db: Statements,
    folder_id: UUID,
    *,
    sort: children.Sort = "name",
    kind: Annotated[NodeKind | None, Query(description="Only files, or only folders.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Lists files and folders together in the requested order; folders have size 0.

    To show folders first, list `kind=folder`, then `kind=file`. Names sort by code point,
    ignoring case.
    """
    page = await children.list_children(
        db, principal.user_id, folder_id, sort=sort, kind=kind, limit=limit, cursor=cursor
    )
    return json_answer(page._asdict())


@router.patch(
    "/{folder_id}",
    summary="Rename or move a folder",
    responses=problems(
        NotFound,
        RoleRequired,
        NameTaken,
        RootFolder,
        OtherOwner,
        FolderCycle,
        FolderTooDeep,
        InvalidNodeName,
    ),
)
async def update_folder(principal: FilesWrite, tx: Tx, folder_id: UUID, body: NodeUpdate) -> Folder:
    """Requires the role editor on the folder and, to move it, on the target folder.

    A move cannot give you a stronger role: into a folder that you own you can move only what you
    own.
    """
    await moves.update_node(tx, principal, folder_id, NodeKind.FOLDER, body)
    return await get_node(tx, principal.user_id, folder_id, NodeKind.FOLDER)


@router.delete(
    "/{folder_id}",
    status_code=204,
    summary="Move a folder to the trash",
    responses=problems(NotFound, RoleRequired, RootFolder),
)
async def trash_folder(principal: FilesWrite, tx: Tx, folder_id: UUID) -> None:
    """Moves the folder with all its contents. Requires the role editor."""
    await trash.trash_node(tx, principal, folder_id, NodeKind.FOLDER)


trash_router = APIRouter(prefix="/v1/trash", tags=["Trash"], route_class=Route)


@trash_router.get("", summary="List the trash", response_model=Page[Node])
@direct
async def list_trash(
    principal: FilesRead, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Lists what you can restore: from your personal space and from what you can edit elsewhere.

    The most recently trashed entry comes first. A trashed folder is one entry, whatever is in it.
    Entries are deleted permanently after a while (by default 30 days).
    """
    page = await trash.list_trash(db, principal.user_id, limit=limit, cursor=cursor)
    return json_answer(page._asdict())


@trash_router.post(
    "/{node_id}/restore",
    summary="Restore from the trash",
    responses=problems(NotFound, RoleRequired, ParentTrashed),
)
async def restore_from_trash(principal: FilesWrite, tx: Tx, node_id: UUID) -> Node:
    """Restores an entry to its original folder, or to the root if that folder is gone or trashed.

    If the name has since been taken, a number is added. Requires the role editor.
    """
    return await trash.restore(tx, principal, node_id)


@trash_router.delete(
    "/{node_id}",
    status_code=204,
    summary="Delete an entry permanently",
    responses=problems(NotFound, RoleRequired),
)
async def delete_from_trash(principal: FilesWrite, tx: Tx, node_id: UUID) -> None:
    """Deletes an entry with everything in it, including what had been trashed from it before.

    Requires the role owner. The quota is freed immediately, for very large folders shortly after.
    """
    await purge.delete_entry(tx, principal, node_id)


@trash_router.delete("", status_code=204, summary="Empty your trash")
async def empty_trash(principal: FilesWrite, tx: Tx) -> None:
    """Permanently deletes everything in the trash of your personal space, and nothing elsewhere."""
    await purge.empty_trash(tx, principal.actor, principal.user_id)
