"""Which revisions `/ready` takes for outgrown, however their migrations are written."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from backend.core.database.migrations import ALEMBIC_INI
from backend.core.database.revisions import MIGRATIONS, outgrown_revisions


def migration(folder: Path, name: str, *lines: str) -> None:
    (folder / f"{name}.py").write_text("\n".join(['"""What it does."""', *lines]))


@pytest.mark.parametrize(
    "follows",
    [
        'down_revision = "0001"',
        "down_revision = '0001'",
        'down_revision: str | None = "0001"',
        'down_revision = (\n    "0001"\n)',
        "down_revision = ('0001', '0000')",
        'down_revision = ["0001", "0000"]',
    ],
)
def test_a_revision_that_another_follows_is_outgrown(tmp_path: Path, follows: str) -> None:
    migration(tmp_path, "first", "revision = '0001'", "down_revision = None")
    migration(tmp_path, "second", "revision = '0002'", follows)

    outgrown = outgrown_revisions(tmp_path)

    assert "0001" in outgrown
    assert "0002" not in outgrown


def test_text_that_looks_like_a_revision_is_none(tmp_path: Path) -> None:
    migration(tmp_path, "first", "revision = '0001'", "down_revision = None")
    migration(tmp_path, "second", "revision = '0002'", "DOC = '''", "down_revision = '0002'", "'''")

    assert outgrown_revisions(tmp_path) == frozenset()


def test_the_migrations_of_this_code_are_numbered_one_after_the_other() -> None:
    """Two that follow the same one are refused: give the later one a new number."""
    scripts = [*ScriptDirectory.from_config(Config(ALEMBIC_INI)).walk_revisions()]

    assert [script.revision for script in reversed(scripts)] == [
        f"{number:04d}" for number in range(1, len(list(MIGRATIONS.glob("*.py"))) + 1)
    ]
    assert outgrown_revisions() == {script.revision for script in scripts[1:]}
