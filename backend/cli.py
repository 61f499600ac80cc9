"""`we-upload`: what an operator types. A failure is one sentence and exit code 1."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from backend.core.backlog import DeadLetter, dead_letters, retry
from backend.core.db import Database
from backend.core.errors import ApiError
from backend.core.migrations import upgrade
from backend.core.passwords import refuse_obvious
from backend.core.server import Server, uvicorn_options
from backend.core.services import open_services
from backend.core.settings import DatabaseSettings, Settings, explain
from backend.core.telemetry import start_telemetry
from backend.dev.home import CannotRun
from backend.dev.stack import run_dev
from backend.features.admin.accounts import create_admin
from backend.features.fsck.findings import Inspection
from backend.features.fsck.report import Reporter
from backend.features.fsck.service import fsck
from backend.features.users.schemas import Register
from backend.kit.durations import parse_duration
from backend.worker import run_worker

app = typer.Typer(
    help="Run and operate We-Upload. Settings come from the environment: see docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user_commands = typer.Typer(help="Accounts.", no_args_is_help=True)
job_commands = typer.Typer(help="Jobs that failed at every attempt.", no_args_is_help=True)
app.add_typer(user_commands, name="user")
app.add_typer(job_commands, name="jobs")
console = Console(highlight=False)

FOUND = 3
"""The exit code of `fsck` that has found something; 1 and 2 mean that it could not run."""


@app.command()
def serve() -> None:
    """Serve the API on HOST:PORT until SIGTERM, then finish the requests under way."""
    settings = Settings()
    listener = _listen(settings.host, settings.port)
    # uvicorn drains, and then raises the signal again: stopping when told to is no failure.
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


@app.command()
def worker() -> None:
    """Run jobs and the schedule until SIGTERM, then finish the jobs under way."""
    settings = Settings()
    with closing(start_telemetry(settings, "we-upload-worker")):
        asyncio.run(run_worker(settings))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; safe to run from several places at once."""
    upgrade(DatabaseSettings())
    console.print("The database is up to date.")


@app.command("fsck")
def fsck_command(
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is safe to mend.")] = False,
    older_than: Annotated[
        str, typer.Option(help="Leave younger objects alone: an upload may be under way.")
    ] = "24h",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Compare bucket and database. Exit code 3: something was found."""
    try:
        age = parse_duration(older_than)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    found = asyncio.run(_fsck(age, repair=repair, as_json=as_json))
    raise typer.Exit(FOUND if found else 0)


async def _fsck(older_than: timedelta, *, repair: bool, as_json: bool) -> bool:
    async with open_services(Settings()) as services:
        with Reporter(console, as_json=as_json) as reporter:
            inspection = Inspection(services, older_than, repair, reporter.progress)
            await reporter.follow(fsck(inspection))
    reporter.conclude()
    return bool(reporter.found)


@app.command()
def dev(
    host: Annotated[str, typer.Option(envvar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8000,
    data_dir: Annotated[Path, typer.Option(envvar="DATA_DIR", readable=False)] = Path(".data"),
) -> None:
    """Run everything on this machine: PostgreSQL, S3, the API and the worker."""
    run_dev(host=host, port=port, data_dir=data_dir)


@user_commands.command("create-admin")
def create_admin_command(email: str) -> None:
    """Make an administrator; asks for the password, or reads it from a pipe."""
    wish = Register(email=email, password=_ask_password())
    refuse_obvious(wish.password, wish.email)

    async def create() -> None:
        async with open_services(Settings()) as services:
            await create_admin(services, wish.email, wish.password)

    asyncio.run(create())
    console.print(f"{wish.email} is an administrator.")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@job_commands.command("list")
def list_jobs(limit: Annotated[int, typer.Option(min=1)] = 100) -> None:
    """Show them, the latest first."""

    async def read() -> list[DeadLetter]:
        async with open_database() as database:
            return await dead_letters(database.autocommit, limit)

    table = Table("id", "job", "attempts", "failed at", "last error", box=None)
    for job in asyncio.run(read()):
        table.add_row(str(job.id), job.name, str(job.attempts), f"{job.failed_at:%F %T}", job.error)
    console.print(table if table.row_count else "No job has failed for good.")


@job_commands.command("retry")
def retry_jobs(
    ids: Annotated[list[int] | None, typer.Argument(help="As shown by `jobs list`.")] = None,
    *,
    all_of_them: Annotated[bool, typer.Option("--all")] = False,
) -> None:
    """Queue them again, with all their attempts."""
    if not ids and not all_of_them:
        raise typer.BadParameter("name the jobs, or say --all")

    async def queue_again() -> int:
        async with open_database() as database, database.transaction() as tx:
            return await retry(tx, ids or None)

    console.print(f"{asyncio.run(queue_again())} queued again.")


@asynccontextmanager
async def open_database() -> AsyncIterator[Database]:
    """The configured database, for one command."""
    database = Database(DatabaseSettings())
    try:
        yield database
    finally:
        await database.close()


def main() -> None:
    """Run a command; tell what went wrong in one sentence."""
    # The standard output belongs to results; `serve` and `worker` configure their own logs.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app()
    except (CannotRun, ApiError) as error:
        sys.exit(f"we-upload: {error}")
    except ValidationError as error:
        sys.exit(f"we-upload: {explain(error)}")


if __name__ == "__main__":
    main()
