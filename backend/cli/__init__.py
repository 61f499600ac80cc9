"""`we-upload`: the operator's command. A failure is one sentence and exit code 1.

Each module here is one command or group of commands with the same name.
"""

import os
import sys
from importlib import import_module
from typing import Any

import structlog
import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from backend.core.errors import ApiError
from backend.core.s3.credentials import CredentialsMissing
from backend.core.settings import explain

COMMANDS = ("serve", "worker", "migrate", "fsck", "dev", "user", "jobs", "openapi")


class LazyCommands(TyperGroup):
    """Imports a command when it is used: a process that serves does not need Alembic (7 MB)."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """All commands, in the order `--help` shows."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """The command with that name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_command(import_module(f"{__name__}.{cmd_name}").app)


app = typer.Typer(
    cls=LazyCommands,
    help="Run and operate We-Upload. Settings come from the environment: see docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=os.environ.get("LOG_FORMAT") == "console",
    pretty_exceptions_show_locals=False,  # they may contain secrets
)


@app.callback()
def _root() -> None:
    """Make the app a group of commands; does nothing itself."""


def main() -> None:
    """Run a command; report failures in one sentence."""
    # Standard output is for results; `serve` and `worker` configure their own logs.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app()
    except (ApiError, CredentialsMissing) as error:
        sys.exit(f"we-upload: {error}")
    except ValidationError as error:
        sys.exit(f"we-upload: {explain(error)}")
