"""`we-upload user`."""

import asyncio
import sys

import typer

from backend.core.secrets.passwords import refuse_obvious
from backend.core.services import open_services
from backend.core.settings import Settings
from backend.features.admin.accounts import create_admin
from backend.features.users.schemas import UserCreate

app = typer.Typer(name="user", help="Accounts.", no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Accounts."""


@app.command("create-admin")
def create_admin_command(email: str) -> None:
    """Create an administrator; asks for the password, or reads it from standard input."""
    wish = UserCreate(email=email, password=_ask_password())
    refuse_obvious(wish.password, wish.email)

    async def create() -> None:
        settings = Settings()
        async with open_services(settings) as services:
            await create_admin(
                services.database, services.passwords, settings, wish.email, wish.password
            )

    asyncio.run(create())
    typer.echo(f"{wish.email} is an administrator.")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
