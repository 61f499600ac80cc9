"""`we-upload worker`."""

import asyncio
from contextlib import closing
from typing import Annotated

import typer

from backend.core.errors import ApiError
from backend.core.jobs.queue import Lane
from backend.core.observability.telemetry import start_telemetry
from backend.core.settings import Settings
from backend.worker import run_worker

app = typer.Typer(add_completion=False)


ALL = ",".join(Lane)


class UnknownLane(ApiError):
    """There is no such lane."""


@app.command()
def worker(
    lanes: Annotated[str, typer.Option(help="Run only the jobs of these lanes.")] = ALL,
) -> None:
    """Run jobs, including scheduled ones, until SIGTERM, then finish the jobs in progress."""
    chosen = _parse(lanes)
    settings = Settings()
    with closing(start_telemetry(settings, "we-upload-worker")):
        asyncio.run(run_worker(settings, lanes=chosen))


def _parse(lanes: str) -> set[Lane]:
    names = {name.strip() for name in lanes.split(",")}
    if unknown := sorted(names - set(Lane)):
        raise UnknownLane(f"There is no lane '{unknown[0]}'; choose from {', '.join(Lane)}.")
    return set(map(Lane, names))
