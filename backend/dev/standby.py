"""Runs a `we-upload` command, loading its libraries before it is told to begin.

    python -m backend.dev.standby LINE COMMAND

LINE is the file descriptor of the pipe that signals the start. None of our own code is imported
before that.
"""

import os
import runpy
import sys
from contextlib import suppress
from importlib import import_module

BEGIN = b"b"
# What takes long to import; a missing entry only costs time.
LIBRARIES = (
    *("fastapi.security", "pydantic_settings", "uvicorn.protocols.http.httptools_impl", "uvloop"),
    *("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.asyncpg", "asyncpg", "pgqueuer"),
    *("boto3.session", "s3transfer.manager", "botocore.endpoint", "aiosmtplib", "jinja2", "orjson"),
    *("limits.aio.storage", "limits.aio.strategies", "prometheus_client", "purgatory", "structlog"),
    *("argon2", "cryptography.fernet", "email_validator", "jose.jwt", "passlib.hash", "zxcvbn"),
    *("opentelemetry.trace", "rich.traceback", "typer.core", "typer.rich_utils"),
)


def main() -> None:
    """Load the libraries, wait, and run the command."""
    line, *command = sys.argv[1:]
    for name in LIBRARIES:
        with suppress(ImportError):
            import_module(name)
    if os.read(int(line), 1) != BEGIN:  # the stack has ended
        return
    os.close(int(line))
    sys.argv[1:] = command
    runpy.run_module("backend.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
