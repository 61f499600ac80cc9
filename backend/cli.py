"""`we-upload`: what an operator types. A failure is one sentence and exit code 1."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console

from backend.core.errors import ApiError
from backend.core.migrations import upgrade
from backend.core.settings import DatabaseSettings, Settings, explain
from backend.dev.home import CannotRun
from backend.dev.stack import run_dev
from backend.worker import run_worker

app = typer.Typer(
    help="Run and operate We-Upload. Settings come from the environment: see docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False)


@app.command()
def serve() -> None:
    """Serve the API on HOST:PORT until SIGTERM, then finish the requests under way."""
    settings = Settings()
    uvicorn.run(
        "backend.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        # Ours knows which proxies to believe.
        proxy_headers=False,
        # Longer than a load balancer keeps idle connections (ALB: 60 s): it must close first.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=round(settings.drain_timeout),
    )


@app.command()
def worker() -> None:
    """Run jobs and the schedule until SIGTERM, then finish the jobs under way."""
    asyncio.run(run_worker(Settings()))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; safe to run from several places at once."""
    upgrade(DatabaseSettings())
    console.print("The database is up to date.")


@app.command()
def dev(
    host: Annotated[str, typer.Option(envvar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8000,
    data_dir: Annotated[Path, typer.Option(envvar="DATA_DIR")] = Path(".data"),
) -> None:
    """Run everything on this machine: PostgreSQL, S3, the API and the worker."""
    run_dev(host=host, port=port, data_dir=data_dir)


def main() -> None:
    """Run a command; tell what went wrong in one sentence."""
    try:
        app()
    except (CannotRun, ApiError) as error:
        sys.exit(f"we-upload: {error}")
    except ValidationError as error:
        sys.exit(f"we-upload: {explain(error)}")


if __name__ == "__main__":
    main()
