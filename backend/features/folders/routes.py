"""`/v1/folders`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from backend.core.db import Statements, Tx
from backend.core.errors import NameTaken, NotFound
from backend.core.schema import Cursor, Limit, Page, json_answer, problems
from backend.features.folders import moves, service, trash
from backend.features.folders.children import Sort, list_children
from backend.features.folders.errors import (
    FolderCycle,
    FolderTooDeep,
    InvalidNodeName,
    OtherOwner,
    RootFolder,
)
from backend.features.folders.nodes import get_node
from backend.features.folders.schemas import Folder, FolderCreate, Node, NodeUpdate
from backend.models import NodeKind
from backend.rules.access import RoleRequired
from backend.rules.idempotency import IdempotencyHeader, IdempotentRoute
from backend.rules.principal import FilesRead, FilesWrite

router = APIRouter(prefix="/v1/folders", tags=["Folders"], route_class=IdempotentRoute)


@router.get("/root", summary="Your root folder")
async def get_root(principal: FilesRead, db: Statements) -> Folder:
    """The folder everything of yours is in."""
    return await service.get_root(db, principal.user_id)


@router.post(
    "",
    status_code=201,
    summary="Make a folder",
    responses=problems(NotFound, RoleRequired, NameTaken, FolderTooDeep, InvalidNodeName),
)
async def create_folder(
    principal: FilesWrite, tx: Tx, body: FolderCreate, _key: IdempotencyHeader = None
) -> Folder:
    """Needs the role editor on the folder it goes into."""
    return await service.create_folder(tx, principal, body)


@router.get("/{folder_id}", summary="One folder", responses=problems(NotFound))
async def get_folder(principal: FilesRead, db: Statements, folder_id: UUID) -> Folder:
    """What is in it has an address of its own: `children`."""
    return await get_node(db, principal.user_id, folder_id, NodeKind.FOLDER)


@router.get(
    "/{folder_id}/children",
    summary="What is in a folder",
    response_model=Page[Node],
    responses=problems(NotFound),
)
async def get_children(
    principal: FilesRead,
    db: Statements,
    folder_id: UUID,
    *,
    sort: Sort = "name",
    kind: Annotated[NodeKind | None, Query(description="Only files, or only folders.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Files and folders together, sorted as asked; a folder's size counts as 0.

    To show folders first, list `kind=folder` and then `kind=file`. Names sort by code point,
    ignoring case.
    """
    page = await list_children(
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
    """Needs the role editor on the folder and, to move it, on the one it goes into.

    Nobody gains a role by moving: into a folder where you have the role owner goes only what you
    have it on, too.
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
    """Everything in it goes along. Needs the role editor; restoring brings all of it back."""
    await trash.trash_node(tx, principal, folder_id, NodeKind.FOLDER)
