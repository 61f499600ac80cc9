"""Versions of a file: immutable, one of them current."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import func, insert, literal, select, update

from backend.core.db import Transaction
from backend.core.errors import NotFound
from backend.kit.ids import uuid7
from backend.models import FileVersion, Node, NodeKind, live


@dataclass(frozen=True, slots=True)
class NewVersion:
    """An object in the bucket that becomes what a file holds.

    `size` and the checksum are what S3 says of the object, never what a client declared.
    """

    object_key: str
    size: int
    content_type: str
    etag: str
    checksum_sha256: str | None
    checksum_type: str | None
    created_by: UUID | None


async def add_version(tx: Transaction, node_id: UUID, version: NewVersion) -> UUID:
    """Add a version to a live file and make it the current one; the quota is the caller's task.

    Args:
        tx: holds the tree's shared lock.
        node_id: the file.
        version: what it now holds.

    Raises:
        NotFound: the file has been trashed or deleted meanwhile.
    """
    values = {"id": uuid7(), "node_id": node_id, **asdict(version)}
    table = FileVersion.__table__.c
    added = (
        insert(FileVersion)
        .from_select(
            list(values),
            select(*(literal(value, table[name].type) for name, value in values.items())).where(
                select(Node.id).where(Node.id == node_id, Node.kind == NodeKind.FILE, live).exists()
            ),
        )
        .returning(*table)
        .cte("added")
    )
    current = (
        update(Node)
        .where(Node.id == added.c.node_id)
        .values(
            current_version_id=added.c.id,
            size=added.c.size,
            content_type=added.c.content_type,
            updated_at=func.now(),
        )
        .returning(Node.current_version_id)
    )
    version_id: UUID | None = (await tx.execute(current)).scalar()
    if version_id is None:
        raise NotFound
    return version_id
