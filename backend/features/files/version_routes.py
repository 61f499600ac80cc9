"""`/v1/files/{file_id}/versions`."""

from uuid import UUID

from fastapi import APIRouter

from backend.core.database.requests import Statements, Tx
from backend.core.errors import NotFound
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.features.files import versions
from backend.features.files.errors import CurrentVersion
from backend.features.files.schemas import Version
from backend.features.tree.schemas import File
from backend.rules.access import RoleRequired
from backend.rules.principal import FilesRead, FilesWrite

router = APIRouter(prefix="/v1/files/{file_id}/versions", tags=["Versions"], route_class=Route)


@router.get("", summary="List the versions of a file", responses=problems(NotFound))
async def list_versions(
    principal: FilesRead, db: Statements, file_id: UUID, limit: Limit = 100, cursor: Cursor = None
) -> Page[Version]:
    """Lists the newest first, whichever version is current."""
    return await versions.list_versions(db, principal.user_id, file_id, limit=limit, cursor=cursor)


@router.post(
    "/{version_id}/restore",
    summary="Make an old version current",
    responses=problems(NotFound, RoleRequired),
)
async def restore_version(principal: FilesWrite, tx: Tx, file_id: UUID, version_id: UUID) -> File:
    """No bytes are moved and no version is lost. Requires the role editor."""
    return await versions.restore_version(tx, principal, file_id, version_id)


@router.delete(
    "/{version_id}",
    status_code=204,
    summary="Delete an old version permanently",
    responses=problems(NotFound, RoleRequired, CurrentVersion),
)
async def delete_version(principal: FilesWrite, tx: Tx, file_id: UUID, version_id: UUID) -> None:
    """Frees its storage. Requires the role owner; the current version cannot be deleted."""
    await versions.delete_version(tx, principal, file_id, version_id)
