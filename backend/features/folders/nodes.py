"""The one query that reads files and folders, and how a row of it becomes an answer."""

from typing import Any, Literal, overload
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.engine import Row

from backend.core.db import Db
from backend.core.errors import NotFound
from backend.features.folders.schemas import Checksum, File, Folder
from backend.models import FileVersion, Node, NodeKind, live
from backend.rules.access import inherited_role, visible_parent


def node_select(user_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select everything `present` needs, as `user_id` sees it; narrow it with `.where(...)`.

    Rows the user may not see have a null `role`: filter them, or ask only below a visible folder.
    """
    versions = (
        select(func.count()).where(FileVersion.node_id == Node.id).correlate(Node).scalar_subquery()
    )
    return select(
        Node.id,
        Node.kind,
        Node.name,
        Node.name_key,
        Node.owner_id,
        Node.size,
        Node.content_type,
        Node.current_version_id,
        Node.created_at,
        Node.updated_at,
        Node.trashed_at,
        visible_parent(user_id).label("folder_id"),
        inherited_role(user_id).label("role"),
        FileVersion.etag,
        FileVersion.checksum_sha256,
        FileVersion.checksum_type,
        versions.label("version_count"),
    ).join_from(Node, FileVersion, FileVersion.id == Node.current_version_id, isouter=True)


def present(row: Row[Any]) -> File | Folder:
    """Turn a row of `node_select` into what clients see."""
    return present_file(row) if row.kind == NodeKind.FILE else present_folder(row)


def present_folder(row: Row[Any]) -> Folder:
    """A folder's row."""
    return Folder(**_shared(row))


def present_file(row: Row[Any]) -> File:
    """A file's row."""
    return File(
        **_shared(row),
        size=row.size,
        content_type=row.content_type,
        etag=row.etag,
        version_id=row.current_version_id,
        version_count=row.version_count,
        checksum=present_checksum(row),
    )


def present_checksum(row: Row[Any]) -> Checksum | None:
    """A version's checksum; null where the store verified none."""
    if row.checksum_sha256 is None:
        return None
    return Checksum(type=row.checksum_type, value=row.checksum_sha256)


def _shared(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "folder_id": row.folder_id,
        "owner_id": row.owner_id,
        "role": row.role.name.lower(),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "trashed_at": row.trashed_at,
    }


@overload
async def get_node(db: Db, user_id: UUID, node_id: UUID, kind: Literal[NodeKind.FILE]) -> File: ...
@overload
async def get_node(
    db: Db, user_id: UUID, node_id: UUID, kind: Literal[NodeKind.FOLDER]
) -> Folder: ...
@overload
async def get_node(db: Db, user_id: UUID, node_id: UUID, kind: None = None) -> File | Folder: ...
async def get_node(
    db: Db, user_id: UUID, node_id: UUID, kind: NodeKind | None = None
) -> File | Folder:
    """One live file or folder, in one statement.

    Raises:
        NotFound: no such node, of another kind, trashed, or invisible to the caller.
    """
    query = node_select(user_id).where(Node.id == node_id, live)
    row = (await db.execute(query)).first()
    if row is None or row.role is None or kind not in (None, row.kind):
        raise NotFound
    return present(row)
