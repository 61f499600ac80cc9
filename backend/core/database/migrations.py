"""Migrations: bring the database schema to the newest revision."""

from pathlib import Path

from alembic.config import Config

import backend
from alembic import command
from backend.core.settings import DatabaseSettings

ALEMBIC_INI = Path(backend.__file__).resolve().parents[1] / "alembic.ini"


def upgrade(settings: DatabaseSettings) -> None:
    """Run every pending migration. Blocks; do not call it inside a running event loop."""
    config = Config(ALEMBIC_INI)
    config.attributes["database"] = settings
    command.upgrade(config, "head")
