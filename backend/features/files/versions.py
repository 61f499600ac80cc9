"""Versions of a file: immutable, one of them is current."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, select, true, update

from backend.core.database.engine import Transaction
from backend.core.database.keyset import descending
from backend.core.database.rows import Db, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.features.files.errors import CurrentVersion
from backend.features.files.schemas import Version
from backend.features.files.service import get_file
from backend.features.tree.nodes import checksum_document
from backend.features.tree.placement import lock_tree_of
from backend.features.tree.purge import discard_objects
from backend.features.tree.schemas import File
from backend.kit import faults
from backend.kit.checksums import ChecksumType
from backend.kit.events import Entry, VersionDeleted, VersionRestored
from backend.kit.ids import uuid7
from backend.kit.vocabulary import NodeKind, Role
from backend.models import FileVersion, Node, live
from backend.rules import access, events, quota
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

NEWEST = descending(id=FileVersion.id)
_COLUMNS = [
    FileVersion.id,
    FileVersion.size,
    FileVersion.content_type,
    FileVersion.etag,
    FileVersion.checksum_sha256,
    FileVersion.checksum_type,
    FileVersion.created_by,
    FileVersion.created_at,
]


class _Version(NamedTuple):
    id: UUID
    size: int
    content_type: str
    etag: str
    checksum_sha256: str | None
    checksum_type: ChecksumType | None
    created_by: UUID | None
    created_at: datetime
    current_version_id: UUID | None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """An object in the bucket that becomes the content of a file.

    `size` and the checksum are what S3 reports, never what a client declared.
    """

    object_key: str
    size: int
    content_type: str
    etag: str
    checksum_sha256: str | None
    checksum_type: ChecksumType | None
    created_by: UUID | None


async def add_version(tx: Transaction, node_id: UUID, version: NewVersion) -> UUID:
    """Add a version to a live file and make it current; the caller takes care of the quota.

    Args:
        tx: holds the tree's shared lock.
        node_id: the file.
        version: its new content.

    Raises:
        NotFound: the file has since been trashed or deleted.
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


async def list_versions(
    db: Db, user_id: UUID, file_id: UUID, *, limit: int, cursor: str | None
) -> Page[Version]:
    """One page of a file's versions, the newest first, in one statement.

    Raises:
        NotFound: there is no such file, or the caller may not see it.
        InvalidCursor: it is not from this list.
    """
    versions = select(*_COLUMNS).where(FileVersion.node_id == file_id)
    version = NEWEST.narrow(versions, limit, cursor).lateral("version")
    query = (
        select(version, Node.current_version_id)
        .select_from(Node)
        .outerjoin(version, true())
        .where(
            Node.id == file_id,
            Node.kind == NodeKind.FILE,
            live,
            access.inherited_role(user_id).is_not(None),
        )
        .order_by(*NEWEST.order(version))
    )
    found = await rows(db, _Version, query)
    if not found:
        raise NotFound
    # If no versions are left, the outer join yields one row of nulls.
    page, next_cursor = NEWEST.cut(found if found[0].id else [], limit)
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


def _present(row: _Version) -> Version:
    return Version(
        id=row.id,
        is_current=row.id == row.current_version_id,
        size=row.size,
        content_type=row.content_type,
        etag=row.etag,
        checksum=checksum_document(row),
        created_by=row.created_by,
        created_at=row.created_at,
    )


async def restore_version(
    tx: Transaction, principal: Principal, file_id: UUID, version_id: UUID
) -> File:
    """Make an old version the current one; the others stay as they are.

    Raises:
        NotFound, RoleRequired: there is no such version, or the caller is not an editor.
    """
    file = await _require_version(tx, principal.user_id, file_id, version_id, Role.EDITOR)
    await tx.execute(
        update(Node)
        .where(Node.id == FileVersion.node_id, FileVersion.id == version_id)
        .values(
            current_version_id=FileVersion.id,
            size=FileVersion.size,
            content_type=FileVersion.content_type,
            updated_at=func.now(),
        )
    )
    faults.reach("restore.switched")
    await _record(tx, principal, file, VersionRestored(version_id=version_id))
    return await get_file(tx, principal.user_id, file_id)


async def delete_version(
    tx: Transaction, principal: Principal, file_id: UUID, version_id: UUID
) -> None:
    """Delete an old version permanently and free its bytes.

    Raises:
        NotFound, RoleRequired: there is no such version, or the caller is not an owner.
        CurrentVersion: it is the current version.
    """
    file = await _require_version(tx, principal.user_id, file_id, version_id, Role.OWNER)
    if file.current_version_id == version_id:
        raise CurrentVersion
    deleted = await tx.execute(
        delete(FileVersion)
        .where(FileVersion.id == version_id)
        .returning(FileVersion.object_key, FileVersion.size)
    )
    version = deleted.one()
    faults.reach("version.deleted")
    await discard_objects(tx, [version.object_key])
    await _record(tx, principal, file, VersionDeleted(version_id=version_id))
    await quota.refund(tx, file.space_id, version.size)


async def _require_version(
    tx: Transaction, user_id: UUID, file_id: UUID, version_id: UUID, role: Role
) -> SeenNode:
    """The file, with its tree locked exclusively: its versions do not change until `tx` ends."""
    await lock_tree_of(tx, file_id, exclusive=True)
    file = await access.require(tx, user_id, file_id, role, kind=NodeKind.FILE)
    known = select(FileVersion.id).where(
        FileVersion.id == version_id, FileVersion.node_id == file_id
    )
    if (await tx.execute(known)).first() is None:
        raise NotFound
    return file


async def _record(tx: Transaction, principal: Principal, file: SeenNode, entry: Entry) -> None:
    await events.record(
        tx, principal.actor, file.id, entry, node_id=file.id, space_id=file.space_id
    )
