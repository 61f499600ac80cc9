"""How many uploads an account has open is found by an index."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # CONCURRENTLY blocks nobody, but waits for every transaction that is running.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_uploads_open_by")  # of a try that failed
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_uploads_open_by ON uploads (created_by)"
            " WHERE state IN ('pending', 'completing')"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_uploads_open_by")
