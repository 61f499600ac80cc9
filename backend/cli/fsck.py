"""`we-upload fsck`."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from backend.core.services import open_services
from backend.core.settings import Settings
from backend.features.fsck.findings import Inspection
from backend.features.fsck.report import Reporter
from backend.features.fsck.service import fsck
from backend.kit.durations import parse_duration

FOUND = 3
"""The exit code when something was found; 1 and 2 mean that it could not run."""

REPAIR = (
    "Mend what is safe to mend. Deletes nothing from the bucket if that would be more than ten "
    "objects and more than one in ten, or if no object belongs to a file of the database."
)
REPAIR_ALL = (
    "Mend and delete, however much it is. Only when you are certain that bucket and database "
    "belong together: what the database does not know is gone for good."
)

app = typer.Typer(add_completion=False)
console = Console(highlight=False)


@app.command("fsck")
def fsck_command(
    *,
    repair: Annotated[bool, typer.Option("--repair", help=REPAIR)] = False,
    repair_all: Annotated[bool, typer.Option("--repair-all", help=REPAIR_ALL)] = False,
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
    reporter = Reporter(console, as_json=as_json)
    asyncio.run(_fsck(reporter, age, repair=repair or repair_all, repair_all=repair_all))
    reporter.conclude()
    raise typer.Exit(FOUND if reporter.found else 0)


async def _fsck(
    reporter: Reporter, older_than: timedelta, *, repair: bool, repair_all: bool
) -> None:
    async with open_services(Settings()) as services:
        inspection = Inspection(
            services, older_than, repair, reporter.progress, repair_all, reporter.refuse
        )
        with reporter:
            await reporter.follow(fsck(inspection))
