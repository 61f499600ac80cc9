"""`/s/{token}`: the page that opens when a visitor without an account follows a link.

No scripts, no account, and one cookie, which remembers that the password was given. A `GET` never
counts a download: chat programs fetch every link they show.

A `POST` from another site can do no harm: to unlock or download, that site would have to know the
link's token, and then it could do the same itself. The unlock cookie is `SameSite=Lax`, so it is
not sent with such a `POST`.
"""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from backend.core.database.requests import Statements
from backend.core.http.pages import Cursor
from backend.core.services import CurrentServices, Services
from backend.features.links import browsing, public_access
from backend.features.links.errors import PasswordRequired, WrongPassword
from backend.features.links.opening import OpenedLink, find_link, is_unlocked, open_link
from backend.features.links.public_routes import Token
from backend.features.pages import wording
from backend.features.pages.rendering import POLICY, PageRoute, page
from backend.kit.vocabulary import NodeKind
from backend.rules.principal import caller

router = APIRouter(prefix="/s", include_in_schema=False, route_class=PageRoute)

COOKIE = "link_unlock"
ROWS = 100
SEE_OTHER = 303


@router.get("/{token}")
async def show_link(
    request: Request,
    services: CurrentServices,
    db: Statements,
    token: Token,
    *,
    folder: UUID | None = None,
    cursor: Cursor = None,
) -> Response:
    """The file, the folder, or the password form."""
    link = await find_link(db, token)
    if not is_unlocked(services.tokens, link, request.cookies.get(COOKIE)):
        return page("locked.html", {"home": f"/s/{token}", "wrong": False})
    context = _common(services, request, link, token)
    if link.kind == NodeKind.FOLDER:
        context |= await _listing(db, link, context["home"], folder, cursor)
        return page("folder.html", context, policy=_policy(services))
    return page("file.html", context, policy=_policy(services))


def _common(services: Services, request: Request, link: OpenedLink, token: str) -> dict[str, Any]:
    shown = public_access.describe(services, link, request.cookies.get(COOKIE))
    about = "Folder" if shown.size is None else wording.human_size(shown.size)
    protected = link.password_hash is not None
    return {
        "link": shown,
        "home": f"/s/{token}",
        # Previews are rendered by services that have no password, and anyone may see the names.
        "preview_title": "Something was shared with you" if protected else shown.name,
        "preview_text": "This link is password-protected." if protected else about,
    }


async def _listing(
    db: Statements, link: OpenedLink, home: str, folder_id: UUID | None, cursor: str | None
) -> dict[str, Any]:
    folder = await browsing.find_folder(db, link, folder_id)
    children = await browsing.list_children(db, folder.id, ROWS, cursor)
    place = {"folder": str(folder.id)} if folder.id != link.node_id else {}
    here = f"{home}?{urlencode(place)}" if place else home
    following = urlencode({**place, "cursor": children.next_cursor})
    return {
        "folder": folder,
        "items": children.items,
        "trail": await browsing.trail(db, link, folder),
        "here": here,
        "later_page": cursor is not None,
        "next_page": f"{home}?{following}" if children.next_cursor else None,
    }


def _policy(services: Services) -> str:
    """The strict policy, except that the download form may redirect to the object store."""
    return f"{POLICY} {services.presigner.origin}"


@router.get("/{token}/unlock")
@router.get("/{token}/download")
async def go_back(token: Token) -> Response:
    """Send visitors who reload a form's address back to the page it was on."""
    return RedirectResponse(f"/s/{token}", status_code=SEE_OTHER)


@router.post("/{token}/unlock")
async def unlock(
    request: Request,
    services: CurrentServices,
    token: Token,
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Remember that the password was given, and show what the link leads to."""
    home = f"/s/{token}"
    try:
        issued = await public_access.unlock(services, token, password, caller(request))
    except WrongPassword as error:
        return page("locked.html", {"home": home, "wrong": True}, status=error.status)
    answer = RedirectResponse(home, status_code=SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        issued.token,
        max_age=issued.expires_in,
        path=home,
        httponly=True,
        samesite="lax",
        secure=services.settings.public_url.startswith("https://"),
    )
    return answer


@router.post("/{token}/download")
async def download(
    request: Request,
    services: CurrentServices,
    db: Statements,
    token: Token,
    file_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Count one download and send the browser to the bytes."""
    try:
        link = await open_link(db, services.tokens, token, request.cookies.get(COOKIE))
        signed = await public_access.download(services, link, file_id, caller(request))
    except PasswordRequired:
        return RedirectResponse(f"/s/{token}", status_code=SEE_OTHER)
    return RedirectResponse(signed["url"], status_code=SEE_OTHER)
