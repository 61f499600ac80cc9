"""Settle a completed upload: its bytes become a version of a file in the tree."""

from contextlib import suppress
from uuid import UUID

from sqlalchemy import func, select, update

from backend.core.database.engine import Transaction
from backend.core.errors import Forbidden, NameTaken, NotFound
from backend.core.jobs.queue import enqueue
from backend.core.s3.objects import ObjectHead
from backend.core.services import Services
from backend.features.files.versions import NewVersion, add_version
from backend.features.tree.errors import FolderTooDeep
from backend.features.tree.placement import (
    create_node,
    find_child,
    lock_tree,
    target_folder,
)
from backend.features.uploads.errors import TargetGone, UploadNotPending
from backend.features.uploads.signing import incoming_key
from backend.kit import faults
from backend.kit.vocabulary import (
    NodeKind,
    OnConflict,
    Role,
    UploadMethod,
    UploadState,
)
from backend.models import Upload, UploadRow, User
from backend.rules import access, audit, quota
from backend.rules.access import SeenNode
from backend.rules.actor import Actor

DELETE_OBJECTS = "objects.delete"


async def place(services: Services, actor: Actor, upload: UploadRow, head: ObjectHead) -> None:
    """Turn the reservation into use and the object into a version, in one transaction.

    Raises:
        TargetGone: the folder or file is gone and the space is not the uploader's own, or
            the name was taken meanwhile under `on_conflict=fail`.
        UploadNotPending: the claim ran out and somebody else took over.
    """
    async with services.database.transaction() as tx:
        await lock_tree(tx, upload.space_id)
        await _hold(tx, upload)
        node_id = await _node_for(tx, upload)
        version_id = await add_version(tx, node_id, _version(upload, head))
        faults.reach("complete.placed")
        await quota.settle(tx, upload.space_id, upload.size)
        await tx.execute(
            update(Upload)
            .where(Upload.id == upload.id)
            .values(
                state=UploadState.COMPLETED,
                file_id=node_id,
                version_id=version_id,
                lease_until=None,
                finished_at=func.now(),
            )
        )
        await audit.record(
            tx, actor, "file.uploaded", node_id, upload_id=str(upload.id), size=upload.size
        )
        if upload.method == UploadMethod.POST:
            await enqueue(tx, DELETE_OBJECTS, {"keys": [incoming_key(upload)]})


async def _hold(tx: Transaction, upload: UploadRow) -> None:
    """Lock the upload and make sure that the claim is still ours."""
    mine = (
        select(Upload.id)
        .where(
            Upload.id == upload.id,
            Upload.state == UploadState.COMPLETING,
            Upload.lease_until == upload.lease_until,
        )
        .with_for_update()
    )
    if (await tx.execute(mine)).first() is None:
        raise UploadNotPending("This upload was completed or ended by another request.")


def _version(upload: UploadRow, head: ObjectHead) -> NewVersion:
    return NewVersion(
        object_key=upload.object_key,
        size=head.size,
        content_type=upload.content_type,
        etag=head.etag,
        checksum_sha256=head.checksum.value if head.checksum else None,
        checksum_type=head.checksum.type if head.checksum else None,
        created_by=upload.created_by,
    )


async def _node_for(tx: Transaction, upload: UploadRow) -> UUID:
    """The file the bytes belong to: an existing one, or a new one in the folder."""
    file_id: UUID | None = upload.file_id
    if file_id and await _may_write(tx, upload, file_id, NodeKind.FILE):
        return file_id
    folder = await _folder_for(tx, upload)
    try:
        if upload.on_conflict == OnConflict.NEW_VERSION:
            return await _file_of_that_name(tx, folder, upload.name)
        rename = upload.on_conflict != OnConflict.FAIL
        return await create_node(tx, folder, NodeKind.FILE, upload.name, rename=rename)
    except (NameTaken, FolderTooDeep) as refused:
        raise TargetGone(refused.detail, code=refused.code) from refused


async def _file_of_that_name(tx: Transaction, folder: SeenNode, name: str) -> UUID:
    """The folder's file of this name, whoever adds it; where a folder has the name, another file.

    The tree's shared lock keeps nobody from adding or renaming: who comes second looks again.
    """
    while True:
        existing = await find_child(tx, folder.id, name)
        if existing is not None and existing.kind == NodeKind.FILE:
            return UUID(str(existing.id))
        with suppress(NameTaken):
            rename = existing is not None
            return await create_node(tx, folder, NodeKind.FILE, name, rename=rename)


async def _folder_for(tx: Transaction, upload: UploadRow) -> SeenNode:
    """The folder asked for; where it is gone, a person's own bytes go to the root of their space.

    Bytes that arrived are not thrown away because a folder was trashed meanwhile. Somebody else's
    are: they have no right to any other place in this tree.
    """
    folder = upload.folder_id and await _may_write(tx, upload, upload.folder_id, NodeKind.FOLDER)
    if folder:
        return folder
    if upload.created_by != upload.space_id:
        raise TargetGone
    try:
        return await target_folder(tx, upload.space_id, None)
    except NotFound as left:  # the account is closed, its tree on the way out
        raise TargetGone from left


async def _may_write(
    tx: Transaction, upload: UploadRow, node_id: UUID, kind: NodeKind
) -> SeenNode | None:
    """The node, if it is there and the uploader may (still) change it; nobody may nothing."""
    if upload.created_by is None:
        return None
    active = select(User.id).where(User.id == upload.created_by, User.is_active)
    if upload.created_by != upload.space_id and (await tx.execute(active)).first() is None:
        return None
    try:
        return await access.require(tx, upload.created_by, node_id, Role.EDITOR, kind=kind)
    except (NotFound, Forbidden):
        return None
