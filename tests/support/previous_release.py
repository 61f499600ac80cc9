"""What the release before spaces says to the database: it may run beside this one, or after it.

Its statements, as SQLAlchemy rendered them, without what has nothing to do with trees and quotas.
"""

from uuid import UUID

import asyncpg

from backend.kit.ids import uuid7

QUOTA = 1_000_000
"""Bytes an account gets unless told otherwise."""

BEGIN = """
    WITH target AS (
        SELECT nodes.id, nodes.owner_id FROM nodes
        WHERE nodes.owner_id = $2 AND nodes.parent_id IS NULL AND nodes.trashed_at IS NULL
    ), reservation AS (
        UPDATE users SET reserved_bytes = (users.reserved_bytes + $3::bigint) FROM target
        WHERE users.id = target.owner_id
          AND ((users.quota_bytes - users.used_bytes) - users.reserved_bytes >= $3 OR $3 = 0)
        RETURNING users.id
    ), begun AS (
        INSERT INTO uploads (id, created_by, size, content_type, method, on_conflict, object_key,
                             heal_at, expires_at, owner_id, folder_id, name)
        SELECT $1::uuid, $2, $3, 'text/plain', 'put', 'rename', 'objects/' || $1::uuid,
               now(), now(), target.owner_id, target.id, 'notes'
        FROM target JOIN reservation ON reservation.id = target.owner_id
        RETURNING uploads.id
    )
    SELECT begun.id FROM begun
"""
LOCK_TREE = "SELECT pg_advisory_xact_lock_shared(hashtextextended(concat('tree:', $1::uuid), 0))"
HOLD_TREE = "SELECT pg_advisory_xact_lock(hashtextextended(concat('tree:', $1::uuid), 0))"
ADD_FILE = """
    INSERT INTO nodes (id, owner_id, parent_id, path, kind, name, name_key)
    SELECT $1::uuid, owner_id, id, array_append(path, id), 'file', $1::uuid::text, $1::uuid::text
    FROM nodes WHERE id = $2
"""
ADD_VERSION = """
    WITH added AS (
        INSERT INTO file_versions (id, node_id, object_key, size, content_type, etag, created_by)
        VALUES ($1::uuid, $2, 'objects/' || $1::uuid, $3, 'text/plain', 'etag', $4) RETURNING *
    )
    UPDATE nodes SET current_version_id = added.id, size = added.size FROM added
    WHERE nodes.id = added.node_id
"""
SETTLE = """
    UPDATE users SET used_bytes = (users.used_bytes + $2),
                     reserved_bytes = (users.reserved_bytes - $2)
    WHERE users.id = $1
"""
RELEASE = "UPDATE users SET reserved_bytes = (users.reserved_bytes - $2) WHERE users.id = $1"
REFUND = "UPDATE users SET used_bytes = (users.used_bytes - $2) WHERE users.id = $1"
END = """
    UPDATE uploads SET state = $2, finished_at = now()
    WHERE id = $1 AND state = 'pending' RETURNING owner_id, created_by, folder_id, size
"""
PURGE = """
    WITH ended AS (DELETE FROM file_versions USING nodes
                   WHERE nodes.id = file_versions.node_id AND nodes.owner_id = $1
                   RETURNING file_versions.size)
    SELECT coalesce(sum(size), 0)::bigint FROM ended
"""


class PreviousRelease:
    """One process of it, by its connection."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection

    async def register(self, quota: int = QUOTA) -> UUID:
        """Make an account with its root."""
        user_id = uuid7()
        insert = "INSERT INTO users (id, email, password_hash, quota_bytes) VALUES ($1, $2, '', $3)"
        root = """
            INSERT INTO nodes (id, owner_id, path, kind, name, name_key)
            VALUES ($1, $2, '{}', 'folder', 'My files', 'my files')
        """
        async with self.connection.transaction():
            await self.connection.execute(insert, user_id, f"{user_id}@example.com", quota)
            await self.connection.execute(root, uuid7(), user_id)
        return user_id

    async def begin(self, user_id: UUID, size: int) -> UUID | None:
        """Reserve the quota and write the upload down; None when there is no room."""
        upload_id: UUID | None = await self.connection.fetchval(BEGIN, uuid7(), user_id, size)
        return upload_id

    async def complete(self, upload_id: UUID) -> None:
        """Turn the reservation into a file."""
        sql = self.connection
        async with sql.transaction():
            owner_id = await sql.fetchval("SELECT owner_id FROM uploads WHERE id = $1", upload_id)
            await sql.execute(LOCK_TREE, owner_id)
            upload = await sql.fetchrow(END, upload_id, "completed")
            assert upload
            node_id = uuid7()
            await sql.execute(ADD_FILE, node_id, upload["folder_id"])
            version = (uuid7(), node_id, upload["size"], upload["created_by"])
            await sql.execute(ADD_VERSION, *version)
            await sql.execute(SETTLE, owner_id, upload["size"])

    async def abort(self, upload_id: UUID) -> None:
        """Give the reservation back."""
        async with self.connection.transaction():
            upload = await self.connection.fetchrow(END, upload_id, "aborted")
            assert upload
            await self.connection.execute(RELEASE, upload["owner_id"], upload["size"])

    async def empty(self, user_id: UUID) -> None:
        """Delete every file of the account for good."""
        async with self.connection.transaction():
            await self.connection.execute(HOLD_TREE, user_id)
            freed = await self.connection.fetchval(PURGE, user_id)
            await self.connection.execute(
                "DELETE FROM nodes WHERE owner_id = $1 AND parent_id IS NOT NULL", user_id
            )
            await self.connection.execute(REFUND, user_id, freed)

    async def close_account(self, user_id: UUID) -> None:
        """Delete the account with its tree and its uploads."""
        await self.empty(user_id)
        async with self.connection.transaction():
            await self.connection.execute("DELETE FROM nodes WHERE owner_id = $1", user_id)
            await self.connection.execute("DELETE FROM users WHERE id = $1", user_id)

    async def set_quota(self, user_id: UUID, quota: int) -> None:
        """As an administrator does."""
        await self.connection.execute(
            "UPDATE users SET quota_bytes = $2 WHERE id = $1", user_id, quota
        )
