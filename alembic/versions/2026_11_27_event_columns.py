"""Events know their node, their space and the transaction that wrote them."""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # A migration waits briefly or not at all: the running version keeps serving.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for name in ("node_id", "space_id"):
        op.add_column("events", sa.Column(name, sa.Uuid()))
    # The default in a statement of its own: with the column it would rewrite every event there is.
    op.add_column("events", sa.Column("transaction_id", sa.BigInteger()))
    op.alter_column(
        "events", "transaction_id", server_default=sa.text("(pg_current_xact_id()::text::bigint)")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for name in ("transaction_id", "space_id", "node_id"):
        op.drop_column("events", name)
