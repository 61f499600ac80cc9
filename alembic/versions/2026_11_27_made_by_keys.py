"""Links and shares know the API key that made them.

Each statement may be repeated: what fails half way is run again from the start.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = ("grants", "links")


def upgrade() -> None:
    # A migration waits briefly or not at all: the running version keeps serving.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS api_key_id uuid")
        op.execute(f"""
            ALTER TABLE {table} DROP CONSTRAINT IF EXISTS fk_{table}_api_key_id_api_keys,
                ADD CONSTRAINT fk_{table}_api_key_id_api_keys
                FOREIGN KEY (api_key_id) REFERENCES api_keys (id) ON DELETE SET NULL NOT VALID
        """)
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '2s'")
        op.execute("SET statement_timeout = '10min'")
        for table in TABLES:
            # Reads every row, and keeps nobody from reading or writing them.
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}_api_key_id_api_keys")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_api_key_id")
            op.execute(
                f"CREATE INDEX CONCURRENTLY ix_{table}_api_key_id ON {table} (api_key_id, id)"
            )
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in TABLES:
        op.drop_column(table, "api_key_id")
