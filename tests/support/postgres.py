"""A real PostgreSQL for the tests: given, in a container, or the embedded wheel."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import docker
import docker.errors
from testcontainers.community.postgres import PostgresContainer

from backend.dev.home import open_home
from backend.dev.postgres import postgres as embedded_postgres
from tests.support.dev_stack import free_port

# A database of tests need not survive the machine.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
MANY = {"max_connections": "300"}


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[str]:
    """Yield the URL of a server whose user may create databases."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    elif _docker_answers():
        with PostgresContainer("postgres:18", driver=None) as container:
            yield container.get_connection_url()
    else:
        url = f"postgresql://postgres:embedded@127.0.0.1:{free_port()}/postgres"
        with open_home(folder) as home:
            async with embedded_postgres(home, url, os.environ, {**FORGETFUL, **MANY}):
                yield url


def _docker_answers() -> bool:
    try:
        docker.from_env(timeout=2).ping()
    except docker.errors.DockerException:
        return False
    return True
