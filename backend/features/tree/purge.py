"""Permanent deletion of rows, quota and bytes, in batches that each leave a consistent state.

What is to be deleted is first condemned: it leaves the trash immediately and cannot be restored.
Then its nodes are deleted, the deepest first, a batch per transaction; a crash in between costs
only time, because the sweep finds what is still condemned.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid, any_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db
from backend.core.jobs.queue import enqueue
from backend.features.tree.placement import lock_tree
from backend.features.tree.trash import is_entry, require_entry
from backend.kit import faults
from backend.kit.events import NodeDeleted, TrashEmptied
from backend.kit.vocabulary import Role
from backend.models import FileVersion, Node, Space
from backend.rules import events, quota
from backend.rules.actor import Actor
from backend.rules.principal import Principal

CONDEMNED = UUID(int=0)
"""The `trash_root_id` of an entry being deleted: it is no longer listed in the trash."""

BATCH = 1000
"""Nodes deleted in one transaction."""


async def delete_entry(tx: Transaction, principal: Principal, node_id: UUID) -> None:
    """Delete a trash entry with everything that was ever in it.

    Raises:
        NotFound, RoleRequired: there is no such entry, or the caller is not an owner.
    """
    entry = await require_entry(tx, principal.user_id, node_id, Role.OWNER)
    await tx.execute(_condemn().where(Node.id == node_id))
    deleted = NodeDeleted(kind=entry.kind, name=entry.name)
    await events.record(
        tx, principal.actor, node_id, deleted, node_id=node_id, space_id=entry.space_id
    )
    await _purge_or_enqueue(tx, entry.space_id)


async def empty_trash(
    tx: Transaction, actor: Actor, space_id: UUID, *, before: datetime | None = None
) -> None:
    """Delete all entries of a space's trash, or those trashed before a point in time."""
    await lock_tree(tx, space_id, exclusive=True)
    entries = _condemn().where(Node.space_id == space_id, is_entry)
    if before is not None:
        entries = entries.where(Node.trashed_at < before)
    condemned = (await tx.execute(entries.returning(Node.id))).all()
    if condemned:
        kind = (await tx.execute(select(Space.kind).where(Space.id == space_id))).scalar_one()
        emptied = TrashEmptied(kind=kind, entries=len(condemned))
        await events.record(tx, actor, space_id, emptied, space_id=space_id)
    await _purge_or_enqueue(tx, space_id)


async def condemn_tree(tx: Transaction, space_id: UUID) -> None:
    """Condemn a whole tree, because its owner's account was closed."""
    await lock_tree(tx, space_id, exclusive=True)
    root = _condemn().where(Node.space_id == space_id, Node.parent_id.is_(None))
    await tx.execute(root.values(trashed_at=func.now()))


def _condemn() -> Any:
    return update(Node).values(trash_root_id=CONDEMNED)


async def _purge_or_enqueue(tx: Transaction, space_id: UUID) -> None:
    """Delete a batch within the request, which is usually all; leave the rest to the worker."""
    if not await purge_some(tx, space_id):
        await enqueue(
            tx, "trash.purge", {"owner_id": str(space_id)}, dedupe_key=f"trash.purge:{space_id}"
        )


async def purge_some(tx: Transaction, space_id: UUID) -> bool:
    """Delete up to `BATCH` condemned nodes of one tree, with their versions.

    Returns:
        Whether nothing condemned is left in the tree.
    """
    await lock_tree(tx, space_id, exclusive=True)
    node_ids = await _doomed(tx, space_id)
    if not node_ids:
        return True
    doomed = any_(literal(node_ids, ARRAY(Uuid)))
    ended = await tx.execute(
        delete(FileVersion)
        .where(FileVersion.node_id == doomed)
        .returning(FileVersion.object_key, FileVersion.size)
    )
    versions = ended.all()
    faults.reach("delete.versions")
    await tx.execute(delete(Node).where(Node.id == doomed))
    await discard_objects(tx, [version.object_key for version in versions])
    faults.reach("delete.enqueued")
    await quota.refund(tx, space_id, sum(version.size for version in versions))
    return len(node_ids) < BATCH


async def _doomed(tx: Transaction, space_id: UUID) -> list[UUID]:
    """Condemned nodes and what is below them, children before their parents."""
    condemned = (
        select(Node.id)
        .where(Node.space_id == space_id, Node.trash_root_id == CONDEMNED)
        .limit(BATCH)
    )
    roots = literal(list((await tx.execute(condemned)).scalars()), Node.path.type)
    doomed = (
        select(Node.id)
        .where(or_(Node.id == any_(roots), Node.path.overlap(roots)))
        .order_by(func.cardinality(Node.path).desc())
        .limit(BATCH)
    )
    return list((await tx.execute(doomed)).scalars())


MAX_KEYS = 1000
"""Keys that one DeleteObjects call accepts (S3)."""


async def discard_objects(tx: Transaction, keys: Sequence[str]) -> None:
    """Let the worker delete these objects once `tx` has committed, unless a copy shares them."""
    left = iter(keys)
    while chunk := list(islice(left, MAX_KEYS)):
        await enqueue(tx, "objects.delete", {"keys": chunk})


async def unreferenced(db: Db, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that no version refers to.

    No row can get such a key again: only a version that has the key can be copied.
    """
    query = select(FileVersion.object_key).where(
        FileVersion.object_key == any_(literal(list(keys), ARRAY(String)))
    )
    held = set((await db.execute(query)).scalars())
    return [key for key in keys if key not in held]
