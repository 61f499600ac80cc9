"""`we-upload migrate`."""

import typer

from backend.core.database.migrations import upgrade
from backend.core.settings import DatabaseSettings

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Upgrade the database to the newest schema; safe to run in several places at the same time."""
    upgrade(DatabaseSettings())
    typer.echo("The database is up to date.")
