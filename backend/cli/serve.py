"""`we-upload serve`."""

import signal
import socket
import sys

import structlog
import typer
import uvicorn

from backend.core.http.server import Server, uvicorn_options
from backend.core.observability.logs import configure_logs
from backend.core.s3.client import open_session, session_credentials
from backend.core.s3.strictness import accepts_unsigned_headers
from backend.core.settings import Settings

log = structlog.stdlib.get_logger(__name__)

LENIENT = (
    "the object store accepts headers that were not signed, so an upload URL can copy other "
    "people's objects: use another one, or set S3_CHECK_SIGNED_HEADERS=false."
)

app = typer.Typer(add_completion=False)


@app.command()
def serve() -> None:
    """Serve the API on HOST:PORT until SIGTERM, then finish the requests in progress."""
    settings = Settings()
    configure_logs(settings)
    # Missing credentials would stop the start anyway, but with a traceback from uvicorn.
    session_credentials(open_session(settings.s3))
    listener = _listen(settings.host, settings.port)
    _check_store(settings)
    # uvicorn drains, then raises the signal again: stopping on request is not a failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = uvicorn_options(settings)
    config = uvicorn.Config("backend.main:create_app", factory=True, **options)
    server = Server(config)
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


def _check_store(settings: Settings) -> None:
    """Refuse, in production, a store that takes headers that nobody signed. AWS takes none."""
    if not settings.s3.endpoint_url or not settings.s3.check_signed_headers:
        return
    try:
        lenient = accepts_unsigned_headers(settings.s3)
    except OSError as error:  # /ready tells whether it comes back
        log.warning("could not check the object store", error=type(error).__name__)
        return
    if lenient and settings.production:
        sys.exit(f"we-upload: {LENIENT}")
    if lenient:
        log.warning(LENIENT)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        sys.exit(f"we-upload: cannot listen on {host}:{port} ({error.strerror}): set HOST or PORT.")
