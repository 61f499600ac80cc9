"""A space for every person, and trees and uploads that belong to spaces.

Each statement is a transaction of its own and may be repeated: what fails half way is run again
from the start. None waits longer than `lock_timeout`, which is shorter than the second after which
PostgreSQL looks for deadlocks: where a running process and this one wait for each other, it is
this one that lets go and tries again.
"""

import time

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from alembic import op

revision = "0004"
down_revision = "0003"

FIRST = "00000000-0000-0000-0000-000000000000"
TRIES = 200
LOCK_NOT_AVAILABLE = "55P03"

# The rows are locked: an update by the previous release comes before, and is read, or after, and
# is copied by its trigger.
FILL = sa.text("""
    WITH page AS (
        SELECT id, quota_bytes, used_bytes, reserved_bytes, created_at FROM users
        WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT 2000 FOR NO KEY UPDATE
    ), made AS (
        INSERT INTO spaces (id, kind, quota_bytes, used_bytes, reserved_bytes, created_at)
        SELECT id, 'personal', quota_bytes, used_bytes, reserved_bytes, created_at FROM page
        ON CONFLICT (id) DO NOTHING
    )
    SELECT CAST(id AS text) FROM page ORDER BY id DESC LIMIT 1
""")

# No statement locks more than two tables, the second one in the order in which uploads take them.
BELONG_TO_SPACES = (
    "ALTER TABLE users ALTER COLUMN quota_bytes SET DEFAULT 0",
    "ALTER TABLE uploads ALTER COLUMN created_by DROP NOT NULL",
    """
    ALTER TABLE nodes DROP CONSTRAINT IF EXISTS fk_nodes_owner_id_spaces,
        ADD CONSTRAINT fk_nodes_owner_id_spaces
        FOREIGN KEY (owner_id) REFERENCES spaces (id) NOT VALID
    """,
    """
    ALTER TABLE uploads DROP CONSTRAINT IF EXISTS fk_uploads_owner_id_spaces,
        ADD CONSTRAINT fk_uploads_owner_id_spaces
        FOREIGN KEY (owner_id) REFERENCES spaces (id) ON DELETE CASCADE NOT VALID
    """,
    # Reads every row, and keeps nobody from reading or writing them.
    "ALTER TABLE nodes VALIDATE CONSTRAINT fk_nodes_owner_id_spaces",
    "ALTER TABLE uploads VALIDATE CONSTRAINT fk_uploads_owner_id_spaces",
    "ALTER TABLE nodes DROP CONSTRAINT IF EXISTS fk_nodes_owner_id_users",
    "ALTER TABLE uploads DROP CONSTRAINT IF EXISTS fk_uploads_owner_id_users",
)

BELONG_TO_USERS = (
    "ALTER TABLE users ALTER COLUMN quota_bytes DROP DEFAULT",
    "ALTER TABLE uploads ALTER COLUMN created_by SET NOT NULL",
    """
    ALTER TABLE nodes DROP CONSTRAINT fk_nodes_owner_id_spaces,
        ADD CONSTRAINT fk_nodes_owner_id_users
        FOREIGN KEY (owner_id) REFERENCES users (id)
    """,
    """
    ALTER TABLE uploads DROP CONSTRAINT fk_uploads_owner_id_spaces,
        ADD CONSTRAINT fk_uploads_owner_id_users
        FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
    """,
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '200ms'")
        op.execute("SET statement_timeout = '10min'")
        last: str | None = FIRST
        while last is not None:
            last = _patiently(FILL, after=last).scalar()
        op.execute("ANALYZE spaces")
        for statement in BELONG_TO_SPACES:
            _patiently(sa.text(statement))
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def _patiently(statement: sa.TextClause, **values: object) -> sa.CursorResult[object]:
    """Run one statement, again and again while somebody holds what it needs to lock."""
    for _ in range(TRIES):
        try:
            return op.get_bind().execute(statement, values)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            time.sleep(0.3)
    return op.get_bind().execute(statement, values)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for statement in BELONG_TO_USERS:
        op.execute(statement)
