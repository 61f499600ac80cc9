"""Settle a completed upload: its bytes become a version of a file in the tree."""

from contextlib import suppress
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from backend.core.database.engine import Database, Transaction, fetch_one
from backend.core.database.prepared import Prepared
from backend.core.errors import Forbidden, NameTaken, NotFound
from backend.core.jobs.queue import enqueue
from backend.core.s3.objects import ObjectHead
from backend.features.files.versions import NewVersion, add_version
from backend.features.tree.errors import FolderTooDeep
from backend.features.tree.placement import (
    create_node,
    find_child,
    lock_tree,
    target_folder,
)
from backend.features.uploads import queries
from backend.features.uploads.errors import TargetGone, UploadNotPending
from backend.features.uploads.signing import incoming_key
from backend.kit import faults
from backend.kit.events import FileUploaded
from backend.kit.vocabulary import (
    NodeKind,
    OnConflict,
    Role,
    UploadMethod,
    UploadState,
)
from backend.models import Upload, UploadRow, User
from backend.rules import access, events, quota
from backend.rules.access import SeenNode
from backend.rules.actor import Actor

DELETE_OBJECTS = "objects.delete"


SETTLED = Prepared(
    UploadRow,
    update(Upload)
    .where(
        Upload.id == bindparam("upload_id", type_=Upload.id.type),
        Upload.state == UploadState.COMPLETING,
        Upload.lease_until == bindparam("lease", type_=Upload.lease_until.type),
    )
    .values(
        state=UploadState.COMPLETED,
        file_id=bindparam("node_id", type_=Upload.file_id.type),
        version_id=bindparam("its_version_id", type_=Upload.version_id.type),
        lease_until=None,
        finished_at=func.now(),
    )
    .returning(*queries.row_columns),
)
"""Completes an upload whose claim still holds."""


async def settle(
    database: Database, actor: Actor, claimed: UploadRow, head: ObjectHead
) -> UploadRow:
    """Turn the reservation into use and the object into a version, in one transaction.

    The claim is checked after the file is in its place: if it has run out, all of that is undone.

    Raises:
        TargetGone: the folder or file is gone and the space is not the uploader's own, or the
            name was taken meanwhile under `on_conflict=fail`.
        UploadNotPending: the claim ran out and another request took over.
    """
    async with database.transaction() as tx:
        await lock_tree(tx, claimed.space_id)
        node_id = await _node_for(tx, claimed)
        version_id = await add_version(tx, node_id, _version(claimed, head))
        faults.reach("complete.placed")
        its = {"node_id": node_id, "its_version_id": version_id}
        completed = await fetch_one(
            tx, SETTLED, upload_id=claimed.id, lease=claimed.lease_until, **its
        )
        if completed is None:
            raise UploadNotPending("This upload was completed or ended by another request.")
        await quota.settle(tx, completed.space_id, completed.size)
        uploaded = FileUploaded(upload_id=completed.id, size=completed.size)
        space_id = completed.space_id
        await events.record(tx, actor, node_id, uploaded, node_id=node_id, space_id=space_id)
        if completed.method is UploadMethod.POST:
            await enqueue(tx, DELETE_OBJECTS, {"keys": [incoming_key(completed)]})
    return completed


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
    """The file that the bytes belong to: an existing one, or a new one in the folder."""
    if upload.file_id and await _may_write(tx, upload, upload.file_id, NodeKind.FILE):
        return upload.file_id
    folder = await _folder_for(tx, upload)
    try:
        if upload.on_conflict is OnConflict.NEW_VERSION:
            return await _file_of_that_name(tx, folder, upload.name)
        rename = upload.on_conflict is not OnConflict.FAIL
        return await create_node(tx, folder, NodeKind.FILE, upload.name, rename=rename)
    except (NameTaken, FolderTooDeep) as refused:
        raise TargetGone(refused.detail, code=refused.code) from refused


async def _file_of_that_name(tx: Transaction, folder: SeenNode, name: str) -> UUID:
    """The folder's file of this name, whoever adds it; if a folder has the name, a new file.

    The tree's shared lock does not stop others from adding or renaming: the loser looks again.
    """
    while True:
        existing = await find_child(tx, folder.id, name)
        if existing is not None and existing.kind is NodeKind.FILE:
            return existing.id
        with suppress(NameTaken):
            rename = existing is not None
            return await create_node(tx, folder, NodeKind.FILE, name, rename=rename)


async def _folder_for(tx: Transaction, upload: UploadRow) -> SeenNode:
    """The folder asked for; if it is gone, the root of the uploader's own space.

    Bytes that have arrived are not thrown away because their folder was trashed meanwhile, unless
    they were sent to somebody else's space: there the uploader has no right to any other place.
    """
    if upload.folder_id:
        folder = await _may_write(tx, upload, upload.folder_id, NodeKind.FOLDER)
        if folder:
            return folder
    if upload.created_by != upload.space_id:
        raise TargetGone
    try:
        return await target_folder(tx, upload.space_id, None)
    except NotFound as closed:  # the account is closed and its tree is being deleted
        raise TargetGone from closed


async def _may_write(
    tx: Transaction, upload: UploadRow, node_id: UUID, kind: NodeKind
) -> SeenNode | None:
    """The node, if it exists and the uploader may still change it; without an uploader, None."""
    if upload.created_by is None:
        return None
    active = select(User.id).where(User.id == upload.created_by, User.is_active)
    if upload.created_by != upload.space_id and (await tx.execute(active)).first() is None:
        return None
    try:
        return await access.require(tx, upload.created_by, node_id, Role.EDITOR, kind=kind)
    except (NotFound, Forbidden):
        return None
