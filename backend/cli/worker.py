"""`we-upload worker`."""

import asyncio
from contextlib import closing

import typer

from backend.core.observability.telemetry import start_telemetry
from backend.core.settings import Settings
from backend.worker import run_worker

app = typer.Typer(add_completion=False)


@app.command()
def worker() -> None:
    """Run jobs and the schedule until SIGTERM, then finish the jobs under way."""
    settings = Settings()
    with closing(start_telemetry(settings, "we-upload-worker")):
        asyncio.run(run_worker(settings))
