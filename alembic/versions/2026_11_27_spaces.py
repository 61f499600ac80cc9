"""Spaces own trees and pay for them; triggers keep each in step with its person's account.

The release before this one reads and writes the quota in `users` and makes accounts without a
space. It may run beside this one, or again after it. The triggers come first and the rows after:
whatever happens in between is seen by one or the other.
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"

COPY_TO_SPACE = """
    CREATE FUNCTION copy_quota_to_space() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO spaces (id, kind, quota_bytes, used_bytes, reserved_bytes, created_at)
            VALUES (NEW.id, 'personal', NEW.quota_bytes, NEW.used_bytes, NEW.reserved_bytes, NEW.created_at);
        ELSIF TG_OP = 'UPDATE' THEN
            UPDATE spaces
            SET quota_bytes = NEW.quota_bytes, used_bytes = NEW.used_bytes, reserved_bytes = NEW.reserved_bytes
            WHERE id = NEW.id;
        ELSE
            DELETE FROM spaces WHERE id = OLD.id;
        END IF;
        RETURN NULL;
    END $$
"""

COPY_TO_USER = """
    CREATE FUNCTION copy_quota_to_user() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE users
        SET quota_bytes = NEW.quota_bytes, used_bytes = NEW.used_bytes, reserved_bytes = NEW.reserved_bytes
        WHERE id = NEW.id;
        RETURN NULL;
    END $$
"""

# A copy is not copied back: what a trigger writes is one trigger deep.
ON_QUOTA = """
    CREATE TRIGGER copy_quota AFTER UPDATE OF quota_bytes, used_bytes, reserved_bytes ON {table}
    FOR EACH ROW WHEN (
        pg_trigger_depth() = 0
        AND (OLD.quota_bytes, OLD.used_bytes, OLD.reserved_bytes)
            IS DISTINCT FROM (NEW.quota_bytes, NEW.used_bytes, NEW.reserved_bytes)
    ) EXECUTE FUNCTION {function}()
"""

ON_ACCOUNT = """
    CREATE TRIGGER have_space AFTER INSERT OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION copy_quota_to_space()
"""


def upgrade() -> None:
    # A migration waits briefly or not at all: the running version keeps serving.
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "spaces",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("quota_bytes", sa.BigInteger(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('personal', 'team')", name=op.f("ck_spaces_kind")),
        sa.CheckConstraint("(kind = 'personal') = (name IS NULL)", name=op.f("ck_spaces_name")),
        sa.CheckConstraint("quota_bytes >= 0", name=op.f("ck_spaces_quota_bytes")),
        sa.CheckConstraint("used_bytes >= 0", name=op.f("ck_spaces_used_bytes")),
        sa.CheckConstraint("reserved_bytes >= 0", name=op.f("ck_spaces_reserved_bytes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spaces")),
    )
    op.execute(COPY_TO_SPACE)
    op.execute(COPY_TO_USER)
    op.execute(ON_QUOTA.format(table="spaces", function="copy_quota_to_user"))
    op.execute(ON_ACCOUNT)
    op.execute(ON_QUOTA.format(table="users", function="copy_quota_to_space"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP TRIGGER copy_quota ON users")
    op.execute("DROP TRIGGER have_space ON users")
    op.drop_table("spaces")
    op.execute("DROP FUNCTION copy_quota_to_user()")
    op.execute("DROP FUNCTION copy_quota_to_space()")
