"""How a page is rendered: escaped templates, versioned assets, and strict headers."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from backend.core.errors import ApiError, NotFound, Unprocessable
from backend.features.links.schemas import PublicItem
from backend.features.pages import wording
from backend.features.pages.failures import explain
from backend.kit.cursors import InvalidCursor

OWN = Path(__file__).parent / "static"
SWAGGER = Path(str(files("fastapi_offline"))) / "static"
ASSETS = {
    "pages.css": (OWN, "text/css"),
    "docs.js": (OWN, "text/javascript"),
    "token.js": (OWN, "text/javascript"),
    "mark.svg": (OWN, "image/svg+xml"),
    "swagger-ui.css": (SWAGGER, "text/css"),
    "swagger-ui-bundle.js": (SWAGGER, "text/javascript"),
}
VERSIONS = {
    name: hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
    for name, (folder, _) in ASSETS.items()
}

READ = ["GET", "HEAD"]
"""The methods that show a page."""

# No scripts at all; styles and images only from this origin; no framing.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


def asset_url(name: str) -> str:
    """The URL of an asset. It contains the version, so it may be cached forever."""
    return f"/static/{name}?v={VERSIONS[name]}"


def _item_kind(item: PublicItem) -> wording.Kind:
    is_folder = item.kind == "folder"
    return wording.FOLDER if is_folder else wording.kind_of(item.name, item.content_type)


def _left(moment: datetime) -> str:
    return wording.time_left(moment - datetime.now(UTC))


_templates = Environment(
    loader=PackageLoader("backend.features.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["asset"] = asset_url
_templates.filters |= {
    "breakable": wording.breakable,
    "size": wording.human_size,
    "time": wording.human_time,
    "date": wording.human_date,
    "left": _left,
    "kind": wording.kind_of,
    "item_kind": _item_kind,
}


def page(
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    policy: str = POLICY,
) -> HTMLResponse:
    """Render a template as a response that is neither stored nor indexed."""
    return HTMLResponse(
        _templates.get_template(template).render(context or {}),
        status_code=status,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex, nofollow",
            **(headers or {}),
        },
    )


class PageRoute(APIRoute):
    """A route whose errors are pages for people instead of problem documents.

    Where it answers GET it also answers HEAD, which link previewers and monitors send.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "GET" in options["methods"]:
            options["methods"] = READ
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def as_page(request: Request) -> Response:
            try:
                return await handler(request)
            except ApiError as error:
                return failure_page(error)
            except RequestValidationError:
                return failure_page(Unprocessable())
            except InvalidCursor:
                return failure_page(NotFound())

        return as_page


def failure_page(error: ApiError) -> HTMLResponse:
    """Say what went wrong and what to do, with the error's own status."""
    # A browser would ask the visitor for credentials they do not have.
    headers = {name: text for name, text in error.headers.items() if name != "WWW-Authenticate"}
    return page("message.html", explain(error), status=error.status, headers=headers)
