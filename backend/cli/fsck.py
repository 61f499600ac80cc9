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

app = typer.Typer(add_completion=False)
console = Console(highlight=False)


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
