"""Copies: a new file that shares the bytes of another file's current version."""

from uuid import UUID

from sqlalchemy import select

from backend.core.database.engine import Transaction
from backend.core.database.rows import first
from backend.core.errors import NotFound
from backend.features.files.schemas import CopyRequest
from backend.features.files.service import get_file
from backend.features.files.versions import NewVersion, add_version
from backend.features.tree.placement import checked_name, create_node, target_folder
from backend.features.tree.schemas import File
from backend.kit.events import FileCopied
from backend.kit.vocabulary import NodeKind, Role
from backend.models import FileVersion, Node, live
from backend.rules import access, events, quota
from backend.rules.access import SeenNode
from backend.rules.principal import Principal


async def copy_file(
    tx: Transaction, principal: Principal, file_id: UUID, body: CopyRequest
) -> File:
    """Copy a file's current version; it counts against the quota of the target tree.

    Requires the role viewer on the file and editor on the folder.

    Raises:
        NotFound, RoleRequired: the caller may not use the file or the folder.
        InvalidNodeName, NameTaken, FolderTooDeep: the folder cannot hold it under this name.
        QuotaExceeded: there is not enough storage space left.
    """
    user_id = principal.user_id
    name = None if body.name is None else checked_name(body.name)
    source = await access.require(tx, user_id, file_id, Role.VIEWER, kind=NodeKind.FILE)
    folder = await _folder_for(tx, user_id, source, body.folder_id)
    copy_id = await create_node(tx, folder, NodeKind.FILE, name or source.name, rename=name is None)
    version = await _hold_version(tx, source.current_version_id, user_id)
    await add_version(tx, copy_id, version)
    await quota.charge(tx, folder.space_id, version.size)
    copied = FileCopied(source_id=file_id, size=version.size)
    await events.record(
        tx, principal.actor, copy_id, copied, node_id=copy_id, space_id=folder.space_id
    )
    return await get_file(tx, user_id, copy_id)


async def _folder_for(
    tx: Transaction, user_id: UUID, source: SeenNode, folder_id: UUID | None
) -> SeenNode:
    if folder_id is None:
        beside = access.seen_by(user_id).where(Node.id == source.parent_id, live)
        folder = await first(tx, SeenNode, beside)
        if folder and folder.role >= Role.EDITOR:
            return folder
    return await target_folder(tx, user_id, folder_id)


async def _hold_version(tx: Transaction, version_id: UUID | None, user_id: UUID) -> NewVersion:
    """The source's bytes, locked against deletion until `tx` ends; then the copy keeps them."""
    query = (
        select(*FileVersion.__table__.c)
        .where(FileVersion.id == version_id)
        .with_for_update(read=True, key_share=True)
    )
    version = (await tx.execute(query)).first()
    if version is None:
        raise NotFound
    return NewVersion(
        object_key=version.object_key,
        size=version.size,
        content_type=version.content_type,
        etag=version.etag,
        checksum_sha256=version.checksum_sha256,
        checksum_type=version.checksum_type,
        created_by=user_id,
    )
