"""The database's schema: brought to the newest revision, or asked for the one it has."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

import backend
from alembic import command
from backend.core.db import Db
from backend.core.settings import DatabaseSettings

ALEMBIC_INI = Path(backend.__file__).resolve().parents[1] / "alembic.ini"


def upgrade(settings: DatabaseSettings) -> None:
    """Run every migration the database has not had. Blocks; not inside a running event loop."""
    config = Config(ALEMBIC_INI)
    config.attributes["database"] = settings
    command.upgrade(config, "head")


def outgrown_revisions() -> frozenset[str]:
    """The revisions that are too old for this code: all it knows but the newest.

    One it does not know is newer than itself, as in the middle of a deployment, and will do.
    """
    scripts = ScriptDirectory.from_config(Config(ALEMBIC_INI))
    known = {script.revision for script in scripts.walk_revisions()}
    return frozenset(known - set(scripts.get_heads()))


async def current_revision(db: Db) -> str | None:
    """The revision the database is at; None before the first migration."""
    known = await db.execute(text("SELECT to_regclass('alembic_version')"))
    if known.scalar() is None:
        return None
    found = await db.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar()
