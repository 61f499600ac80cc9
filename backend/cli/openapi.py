"""`we-upload openapi`."""

import json

import typer

from backend.core.settings import Settings
from backend.main import create_app

app = typer.Typer(add_completion=False)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document, the contract with clients; needs no database and no store."""
    document = create_app(Settings()).openapi()
    typer.echo(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))
