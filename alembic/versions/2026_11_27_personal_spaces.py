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
TRIES = 60
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

# All locks before the first change; none of these reads a row.
BELONG_TO_SPACES = """
    DO $$ BEGIN
        LOCK TABLE users, spaces, nodes, uploads IN ACCESS EXCLUSIVE MODE;
        ALTER TABLE nodes DROP CONSTRAINT IF EXISTS fk_nodes_owner_id_users;
        ALTER TABLE nodes DROP CONSTRAINT IF EXISTS fk_nodes_owner_id_spaces;
        ALTER TABLE nodes ADD CONSTRAINT fk_nodes_owner_id_spaces
            FOREIGN KEY (owner_id) REFERENCES spaces (id) NOT VALID;
        ALTER TABLE uploads DROP CONSTRAINT IF EXISTS fk_uploads_owner_id_users;
        ALTER TABLE uploads DROP CONSTRAINT IF EXISTS fk_uploads_owner_id_spaces;
        ALTER TABLE uploads ADD CONSTRAINT fk_uploads_owner_id_spaces
            FOREIGN KEY (owner_id) REFERENCES spaces (id) ON DELETE CASCADE NOT VALID;
        ALTER TABLE uploads ALTER COLUMN created_by DROP NOT NULL;
    END $$
"""

BELONG_TO_USERS = """
    DO $$ BEGIN
        LOCK TABLE users, spaces, nodes, uploads IN ACCESS EXCLUSIVE MODE;
        ALTER TABLE nodes DROP CONSTRAINT fk_nodes_owner_id_spaces;
        ALTER TABLE nodes ADD CONSTRAINT fk_nodes_owner_id_users
            FOREIGN KEY (owner_id) REFERENCES users (id);
        ALTER TABLE uploads DROP CONSTRAINT fk_uploads_owner_id_spaces;
        ALTER TABLE uploads ADD CONSTRAINT fk_uploads_owner_id_users
            FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE;
        ALTER TABLE uploads ALTER COLUMN created_by SET NOT NULL;
    END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '300ms'")
        op.execute("SET statement_timeout = '10min'")
        last: str | None = FIRST
        while last is not None:
            last = _patiently(FILL, after=last).scalar()
        op.execute("ANALYZE spaces")
        _patiently(sa.text(BELONG_TO_SPACES))
        # Reads every row, and keeps nobody from reading or writing them.
        _patiently(sa.text("ALTER TABLE nodes VALIDATE CONSTRAINT fk_nodes_owner_id_spaces"))
        _patiently(sa.text("ALTER TABLE uploads VALIDATE CONSTRAINT fk_uploads_owner_id_spaces"))
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
            time.sleep(0.5)
    return op.get_bind().execute(statement, values)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(BELONG_TO_USERS)
