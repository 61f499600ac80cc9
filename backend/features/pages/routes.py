"""`/`, `/docs`, and the assets of every page."""

from fastapi import APIRouter, Response
from starlette.responses import FileResponse

from backend.core.errors import NotFound
from backend.features.pages.rendering import ASSETS, READ, VERSIONS, page

router = APIRouter(include_in_schema=False)

# Swagger UI sets styles on elements and shows icons from data: URLs; it runs only its own script.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
FOREVER = "public, max-age=31536000, immutable"


@router.api_route("/", methods=READ)
async def landing() -> Response:
    """What this product is, and where the reference is."""
    return page("landing.html")


@router.api_route("/docs", methods=READ)
async def reference() -> Response:
    """The API reference, rendered by a Swagger UI that this server hosts."""
    return page("docs.html", policy=DOCS_POLICY)


@router.api_route("/static/{name}", methods=READ)
async def asset(name: str, v: str = "") -> Response:
    """A stylesheet, script or image of the pages."""
    if name not in ASSETS:
        raise NotFound
    folder, media_type = ASSETS[name]
    kept = FOREVER if v == VERSIONS[name] else "no-cache"
    return FileResponse(folder / name, media_type=media_type, headers={"Cache-Control": kept})
