"""Spaces count what they free in a day."""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # A migration waits briefly or not at all: the running version keeps serving.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    freed = sa.Column("freed_bytes", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("spaces", freed)
    op.add_column("spaces", sa.Column("freed_on", sa.Date()))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("spaces", "freed_on")
    op.drop_column("spaces", "freed_bytes")
