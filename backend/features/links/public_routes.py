"""`/v1/public/links/{token}`: for recipients, who do not need an account."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.core.database.requests import Statements
from backend.core.errors import DependencyUnavailable, NotFound, TooManyRequests
from backend.core.http.answers import json_answer, model_answer
from backend.core.http.direct import direct
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import CurrentServices
from backend.features.files.schemas import Download
from backend.features.links import browsing, public_access
from backend.features.links.errors import (
    DownloadsExhausted,
    FileRequired,
    LinkExpired,
    LinkNotFound,
    LinkRevoked,
    PasswordRequired,
    WrongPassword,
)
from backend.features.links.opening import find_link, open_link
from backend.features.links.schemas import (
    PublicDownloadRequest,
    PublicItem,
    PublicLink,
    Unlock,
    Unlocked,
)
from backend.rules.principal import caller

router = APIRouter(prefix="/v1/public/links", tags=["For link recipients"], route_class=Route)

Token = Annotated[str, Path(description="The secret part of the link.")]
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="LinkUnlock",
    description="The `access_token` from `unlock`; only links with a password need it.",
)
NEEDED_WITH_PASSWORD: dict[str, Any] = {"security": [{}]}
"""In addition to the scheme above: no credential is needed if the link has no password."""
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]

OVER = (LinkNotFound, LinkRevoked, LinkExpired, DownloadsExhausted)


@router.get(
    "/{token}",
    summary="Get a link",
    response_model=PublicLink,
    responses=problems(*OVER),
    openapi_extra=NEEDED_WITH_PASSWORD,
)
@direct
async def get_public_link(
    services: CurrentServices, db: Statements, token: Token, credentials: Credentials
) -> Response:
    """Returns what the link leads to or, until it is unlocked, only that it needs a password."""
    link = await find_link(db, token)
    return model_answer(public_access.describe(services, link, _unlock_token(credentials)))


@router.post(
    "/{token}/unlock",
    summary="Unlock a link",
    responses=problems(*OVER, WrongPassword, TooManyRequests),
)
async def unlock_public_link(
    request: Request, services: CurrentServices, token: Token, given: Unlock
) -> Unlocked:
    """Exchanges the link's password for a bearer token. Attempts are rate-limited."""
    issued = await public_access.unlock(services, token, given.password, caller(request))
    return Unlocked(access_token=issued.token, expires_in=issued.expires_in)


@router.get(
    "/{token}/children",
    summary="Browse a folder link",
    responses=problems(*OVER, PasswordRequired, NotFound),
    openapi_extra=NEEDED_WITH_PASSWORD,
)
async def list_public_children(
    services: CurrentServices,
    db: Statements,
    token: Token,
    credentials: Credentials,
    *,
    folder_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[PublicItem]:
    """Lists the linked folder, or a folder anywhere below it: folders first, each by name."""
    link = await open_link(db, services.tokens, token, _unlock_token(credentials))
    folder = await browsing.find_folder(db, link, folder_id)
    return await browsing.list_children(db, folder.id, limit, cursor)


@router.post(
    "/{token}/download-url",
    summary="Download through a link",
    response_model=Download,
    responses=problems(
        *OVER, PasswordRequired, NotFound, FileRequired, TooManyRequests, DependencyUnavailable
    ),
    openapi_extra=NEEDED_WITH_PASSWORD,
)
@direct
async def create_public_download_url(
    request: Request,
    services: CurrentServices,
    db: Statements,
    token: Token,
    credentials: Credentials,
    *,
    wanted: PublicDownloadRequest | None = None,
) -> Response:
    """Counts one download and returns a short-lived URL for the file.

    The count is exact under any concurrency. Fetching the URL again, or in ranges, while it is
    valid is not counted again, so an interrupted download can be resumed.
    """
    link = await open_link(db, services.tokens, token, _unlock_token(credentials))
    file_id = wanted.file_id if wanted else None
    return json_answer(await public_access.download(services, link, file_id, caller(request)))


def _unlock_token(credentials: HTTPAuthorizationCredentials | None) -> str | None:
    return credentials.credentials if credentials else None
