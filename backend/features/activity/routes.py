"""`/v1/files/{id}/activity` and `/v1/users/me/activity`."""

from uuid import UUID

from fastapi import APIRouter

from backend.core.database.requests import Statements
from backend.core.errors import NotFound, Unauthorized
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.features.activity import service
from backend.features.activity.schemas import Activity, OwnActivity
from backend.rules.principal import FilesRead, ScopeRequired, SessionRequired, SignedIn

router = APIRouter(prefix="/v1", tags=["Activity"], route_class=Route)


@router.get(
    "/files/{file_id}/activity",
    summary="List a file's activity",
    responses=problems(Unauthorized, ScopeRequired, NotFound),
)
async def list_file_activity(
    principal: FilesRead,
    db: Statements,
    file_id: UUID,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Activity]:
    """Every change to the file, newest first. Owners also see how it was shared and downloaded."""
    return await service.of_file(db, principal.user_id, file_id, limit, cursor)


@router.get(
    "/users/me/activity",
    summary="List your activity",
    responses=problems(Unauthorized, SessionRequired),
)
async def list_own_activity(
    principal: SignedIn, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Page[OwnActivity]:
    """What you did and what happened to your account, newest first."""
    return await service.of_user(db, principal.user_id, limit, cursor)
