"""Which revision of the schema the database has, and which this code needs.

Reads the migrations as text: Alembic itself takes 7 MB, and only `we-upload migrate` needs it.
"""

import re
from pathlib import Path

from sqlalchemy import text

import backend
from backend.core.database.rows import Db

MIGRATIONS = Path(backend.__file__).resolve().parents[1] / "alembic/versions"
NAMES = re.compile(r'^(down_)?revision = "(\w+)"$', re.MULTILINE)


def outgrown_revisions() -> frozenset[str]:
    """The revisions that are too old for this code: those that another one follows.

    One it does not know is newer than itself, as in the middle of a deployment, and will do.
    """
    names = [
        name for script in MIGRATIONS.glob("*.py") for name in NAMES.findall(script.read_text())
    ]
    return frozenset(revision for is_followed, revision in names if is_followed)


async def current_revision(db: Db) -> str | None:
    """The revision the database is at; None before the first migration."""
    known = await db.execute(text("SELECT to_regclass('alembic_version')"))
    if known.scalar() is None:
        return None
    found = await db.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar()
