"""The one query that reads files and folders, and how its rows become responses."""

from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, overload
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Uuid, bindparam, case, func, select

from backend.core.database.engine import fetch_one
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db, first
from backend.core.errors import NotFound
from backend.features.tree.schemas import File, Folder
from backend.kit.checksums import ChecksumType
from backend.kit.vocabulary import NodeKind, Role, SpaceKind
from backend.models import FileVersion, Node, Space, live
from backend.rules.access import inherited_role, visible_parent

USER_ID = bindparam("user_id", type_=Uuid())
"""The caller, in a prepared statement."""


class NodeView(NamedTuple):
    """A file or folder as one user sees it; `role` is null if they may not see it."""

    id: UUID
    kind: NodeKind
    name: str
    name_key: str
    space_id: UUID
    owner_id: UUID | None
    size: int
    content_type: str | None
    current_version_id: UUID | None
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None
    folder_id: UUID | None
    role: Role | None
    etag: str | None
    checksum_sha256: str | None
    checksum_type: ChecksumType | None
    version_count: int


def node_select(user_id: UUID | BindParameter[UUID]) -> Select[*tuple[Any, ...]]:
    """Select `NodeView`, as `user_id` sees it; narrow it with `.where(...)`.

    Rows the user may not see have a null `role`: filter them out, or query only below a visible
    folder.
    """
    versions = (
        select(func.count()).where(FileVersion.node_id == Node.id).correlate(Node).scalar_subquery()
    )
    return select(
        Node.id,
        Node.kind,
        Node.name,
        Node.name_key,
        Node.space_id.label("space_id"),
        _owner(user_id).label("owner_id"),
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


def _owner(user_id: UUID | BindParameter[UUID]) -> ColumnElement[UUID | None]:
    """Whose personal space the node is in, or null; looked up only in other users' trees."""
    personal = (
        select(Space.id)
        .where(Space.id == Node.space_id, Space.kind == SpaceKind.PERSONAL)
        .correlate(Node)
        .scalar_subquery()
    )
    return case((Node.space_id == user_id, Node.space_id), else_=personal)


NODE = Prepared(
    NodeView, node_select(USER_ID).where(Node.id == bindparam("node_id", type_=Uuid()), live)
)


def present(row: NodeView) -> File | Folder:
    """Turn a row of `node_select` into a response."""
    return present_file(row) if row.kind == NodeKind.FILE else present_folder(row)


def present_folder(row: NodeView) -> Folder:
    """A folder's row."""
    return Folder(**folder_document(row))


def present_file(row: NodeView) -> File:
    """A file's row."""
    return File(**file_document(row))


def document(row: NodeView) -> dict[str, Any]:
    """What `present` returns, as plain JSON: this makes lists of a hundred three times as fast."""
    return file_document(row) if row.kind == NodeKind.FILE else folder_document(row)


def folder_document(row: NodeView) -> dict[str, Any]:
    """A folder's row; the fields of `Folder`."""
    return {
        "kind": row.kind,
        "id": row.id,
        "name": row.name,
        "folder_id": row.folder_id,
        "space_id": row.space_id,
        "owner_id": row.owner_id,
        "role": ROLE_NAMES[row.role],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "trashed_at": row.trashed_at,
    }


def file_document(row: NodeView) -> dict[str, Any]:
    """A file's row; the fields of `File`."""
    return {
        **folder_document(row),
        "size": row.size,
        "content_type": row.content_type,
        "etag": row.etag,
        "version_id": row.current_version_id,
        "version_count": row.version_count,
        "checksum": checksum_document(row),
    }


class _HasChecksum(Protocol):
    @property
    def checksum_sha256(self) -> str | None: ...
    @property
    def checksum_type(self) -> ChecksumType | None: ...


def checksum_document(row: _HasChecksum) -> dict[str, Any] | None:
    """A version's checksum; null if the store verified none."""
    if row.checksum_sha256 is None:
        return None
    return {"algorithm": "sha256", "type": row.checksum_type, "value": row.checksum_sha256}


ROLE_NAMES: dict[Role | None, str] = {role: role.name.lower() for role in Role}


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
        NotFound: there is no such node, it is of another kind or trashed, or the caller may not
            see it.
    """
    row = await fetch_one(db, NODE, user_id=user_id, node_id=node_id)
    if row is None or row.role is None or kind not in (None, row.kind):
        raise NotFound
    return present(row)


async def get_root_folder(db: Db, user_id: UUID, space_id: UUID) -> Folder:
    """The folder that contains everything in a space.

    Raises:
        NotFound: there is no such space, or the caller may not see its root.
    """
    query = node_select(user_id).where(Node.space_id == space_id, Node.parent_id.is_(None), live)
    root = await first(db, NodeView, query)
    if root is None or root.role is None:
        raise NotFound
    return present_folder(root)
