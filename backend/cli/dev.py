"""`we-upload dev`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from backend.dev.home import LOOPBACK, CannotRun
from backend.dev.stack import run_dev

app = typer.Typer(add_completion=False)


@app.command()
def dev(
    host: Annotated[str, typer.Option(envvar="HOST", help="Where to listen.")] = LOOPBACK,
    store_host: Annotated[
        str, typer.Option(envvar="STORE_HOST", help="Where the S3 server listens; not HOST.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8000,
    data_dir: Annotated[Path, typer.Option(envvar="DATA_DIR", readable=False)] = Path(".data"),
    reload: Annotated[bool, typer.Option(help="Reload on every change of the source.")] = False,
) -> None:
    """Run everything on this machine: PostgreSQL, S3, the API and the worker."""
    try:
        run_dev(host=host, store_host=store_host, port=port, data_dir=data_dir, reload=reload)
    except CannotRun as error:
        sys.exit(f"we-upload: {error}")
