"""Which revision of the schema the database has, and which one this code needs.

Parses the migrations without Alembic, which takes 7 MB and only `we-upload migrate` needs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

import backend
from backend.core.database.rows import Db

MIGRATIONS = Path(backend.__file__).resolve().parents[1] / "alembic/versions"


def outgrown_revisions(migrations: Path = MIGRATIONS) -> frozenset[str]:
    """The revisions that are too old for this code: those that another revision follows.

    An unknown revision is newer than this code, as in the middle of a deployment, and is accepted.
    """
    return frozenset(
        revision for script in migrations.glob("*.py") for revision in _followed(script.read_text())
    )


def _followed(migration: str) -> Iterator[str]:
    """What `down_revision` names: nothing, one revision, or several where branches meet."""
    for statement in ast.parse(migration).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if any(isinstance(name, ast.Name) and name.id == "down_revision" for name in targets):
            named = ast.literal_eval(statement.value)
            yield from (named,) if isinstance(named, str) else named or ()


async def current_revision(db: Db) -> str | None:
    """The revision the database is at; None before the first migration."""
    known = await db.execute(text("SELECT to_regclass('alembic_version')"))
    if known.scalar() is None:
        return None
    found = await db.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar()
