"""`we-upload serve`."""

import signal
import socket
import sys

import typer
import uvicorn

from backend.core.http.server import Server, uvicorn_options
from backend.core.s3.client import open_session, session_credentials
from backend.core.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def serve() -> None:
    """Serve the API on HOST:PORT until SIGTERM, then finish the requests in progress."""
    settings = Settings()
    # Missing credentials would stop the start anyway, but with a traceback from uvicorn.
    session_credentials(open_session(settings.s3))
    listener = _listen(settings.host, settings.port)
    # uvicorn drains, then raises the signal again: stopping on request is not a failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = uvicorn_options(settings)
    config = uvicorn.Config("backend.main:create_app", factory=True, **options)
    server = Server(config)
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        sys.exit(f"we-upload: cannot listen on {host}:{port} ({error.strerror}): set HOST or PORT.")
