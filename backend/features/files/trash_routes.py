"""`/v1/trash`."""

from uuid import UUID

from fastapi import APIRouter, Response

from backend.core.db import Statements, Tx
from backend.core.errors import NotFound
from backend.core.schema import Cursor, Limit, Page, json_answer, problems
from backend.features.files import purge
from backend.features.folders import trash
from backend.features.folders.errors import ParentTrashed
from backend.features.folders.schemas import Node
from backend.rules.access import RoleRequired
from backend.rules.idempotency import IdempotentRoute
from backend.rules.principal import FilesRead, FilesWrite

router = APIRouter(prefix="/v1/trash", tags=["Trash"], route_class=IdempotentRoute)


@router.get("", summary="What is in the trash", response_model=Page[Node])
async def list_trash(
    principal: FilesRead, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """What you may restore: from your own tree, and from what you may edit in others'.

    The last trashed comes first. A trashed folder is one entry, whatever was in it. Entries are
    deleted for good some time after they were trashed (30 days unless the operator says else).
    """
    page = await trash.list_trash(db, principal.user_id, limit=limit, cursor=cursor)
    return json_answer(page._asdict())


@router.post(
    "/{node_id}/restore",
    summary="Restore from the trash",
    responses=problems(NotFound, RoleRequired, ParentTrashed),
)
async def restore(principal: FilesWrite, tx: Tx, node_id: UUID) -> Node:
    """Back to where it was, or to the root when that folder is in the trash or gone.

    When the name has been taken meanwhile, it gets a number. Needs the role editor.
    """
    return await trash.restore(tx, principal, node_id)


@router.delete(
    "/{node_id}",
    status_code=204,
    summary="Delete an entry for good",
    responses=problems(NotFound, RoleRequired),
)
async def delete_entry(principal: FilesWrite, tx: Tx, node_id: UUID) -> None:
    """With everything that was in it, also what had been trashed from it before.

    Needs the role owner. The quota is free at once, for very large folders within moments.
    """
    await purge.delete_entry(tx, principal, node_id)


@router.delete("", status_code=204, summary="Empty your trash")
async def empty_trash(principal: FilesWrite, tx: Tx) -> None:
    """Deletes everything trashed in your own tree for good; others' trash is theirs to empty."""
    await purge.empty_trash(tx, principal.actor, principal.user_id)
