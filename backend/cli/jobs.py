"""`we-upload jobs`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.core.database.engine import Database
from backend.core.jobs.backlog import DeadLetter, dead_letters, retry
from backend.core.settings import DatabaseSettings

app = typer.Typer(
    name="jobs",
    help="List and retry jobs that failed on every attempt.",
    no_args_is_help=True,
    add_completion=False,
)
console = Console(highlight=False)


@app.command("list")
def list_jobs(limit: Annotated[int, typer.Option(min=1)] = 100) -> None:
    """List permanently failed jobs, the latest first."""

    async def read() -> list[DeadLetter]:
        async with _database() as database:
            return await dead_letters(database.autocommit, limit)

    table = Table("id", "job", "attempts", "failed at", "last error", box=None)
    for job in asyncio.run(read()):
        table.add_row(str(job.id), job.name, str(job.attempts), f"{job.failed_at:%F %T}", job.error)
    console.print(table if table.row_count else "No jobs have failed permanently.")


@app.command("retry")
def retry_jobs(
    ids: Annotated[list[int] | None, typer.Argument(help="As shown by `jobs list`.")] = None,
    *,
    all_of_them: Annotated[bool, typer.Option("--all")] = False,
) -> None:
    """Queue failed jobs again, with a fresh set of attempts."""
    if not ids and not all_of_them:
        raise typer.BadParameter("give the ids of the jobs, or --all")

    async def queue_again() -> int:
        async with _database() as database, database.transaction() as tx:
            return await retry(tx, ids or None)

    console.print(f"Jobs queued again: {asyncio.run(queue_again())}.")


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    database = Database(DatabaseSettings())
    try:
        yield database
    finally:
        await database.close()
