"""`we-upload migrate`."""

import typer

from backend.core.database.migrations import upgrade
from backend.core.settings import DatabaseSettings

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; safe to run from several places at once."""
    upgrade(DatabaseSettings())
    typer.echo("The database is up to date.")
