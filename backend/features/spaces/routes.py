"""`/v1/spaces`."""

from uuid import UUID

from fastapi import APIRouter

from backend.core.database.requests import Statements
from backend.core.errors import NotFound, Unauthorized
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.features.spaces import service
from backend.features.spaces.schemas import Space
from backend.rules.principal import FilesRead, ScopeRequired

router = APIRouter(prefix="/v1/spaces", tags=["Spaces"], route_class=Route)


@router.get("", summary="List your spaces", responses=problems(Unauthorized, ScopeRequired))
async def list_spaces(
    principal: FilesRead, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Page[Space]:
    """Lists your personal space, then every team space whose root folder is shared with you."""
    return await service.list_spaces(db, principal.user_id, limit=limit, cursor=cursor)


@router.get(
    "/{space_id}",
    summary="Get a space",
    responses=problems(Unauthorized, ScopeRequired, NotFound),
)
async def get_space(principal: FilesRead, db: Statements, space_id: UUID) -> Space:
    """Returns a space with its quota and your role on its root folder."""
    return await service.get_space(db, principal.user_id, space_id)
