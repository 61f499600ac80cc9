"""`we-upload fsck`."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import Field, TypeAdapter, ValidationError
from rich.console import Console

from backend.core.services import open_services
from backend.core.settings import Duration, Settings
from backend.features.fsck.findings import Inspection
from backend.features.fsck.report import Reporter
from backend.features.fsck.service import fsck

FOUND = 3
"""The exit code if anything was found; 1 and 2 mean that it could not run."""

REPAIR = (
    "Repair what is safe to repair. Deletes nothing from the bucket if that would be more than ten "
    "objects and more than one in ten, or if no object belongs to a file in the database."
)
REPAIR_ALL = (
    "Repair and delete, regardless of how much. Use it only if you are certain that bucket and "
    "database belong together: what the database does not know is deleted permanently."
)

AGE: TypeAdapter[timedelta] = TypeAdapter(Annotated[Duration, Field(ge=timedelta(0))])

app = typer.Typer(add_completion=False)
console = Console(highlight=False)


def _age(text: str) -> timedelta:
    """Parse a duration in the format of the settings."""
    try:
        return AGE.validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(f"not a duration: '{text}'. Use PT24H, P7D or seconds") from error


@app.command("fsck")
def fsck_command(
    *,
    repair: Annotated[bool, typer.Option("--repair", help=REPAIR)] = False,
    repair_all: Annotated[bool, typer.Option("--repair-all", help=REPAIR_ALL)] = False,
    older_than: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="Ignore newer objects, which may still be uploading. PT1H, P7D or seconds.",
        ),
    ] = "PT24H",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one object per line.")
    ] = False,
) -> None:
    """Compare the bucket with the database. Exit code 3 means that something was found."""
    age = _age(older_than)
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
