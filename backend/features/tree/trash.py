"""The trash: where nodes go before they are deleted permanently.

Trashing a node makes one entry: the node with everything live below it. The entry stays in its
tree, whoever trashed it, and everyone who may edit it sees it in their trash.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Select,
    func,
    not_,
    or_,
    select,
    union_all,
    update,
)

from backend.core.database.engine import Transaction
from backend.core.database.keyset import descending
from backend.core.database.rows import Db, first
from backend.core.errors import NotFound
from backend.core.http.pages import Documents
from backend.features.tree.errors import ParentTrashed, RootFolder
from backend.features.tree.moves import rewrite_paths
from backend.features.tree.nodes import NodeView, document, get_node, node_select
from backend.features.tree.placement import find_child, free_name, lock_tree_of
from backend.features.tree.schemas import File, Folder
from backend.kit.events import NodeRestored, NodeTrashed
from backend.kit.text.names import name_key
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Node, live
from backend.rules import access, events
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

is_entry = Node.trash_root_id == Node.id
"""True for what the trash lists: the contents of a trashed folder belong to its entry."""

LATEST = descending(trashed_at=Node.trashed_at, id=Node.id)


async def trash_node(tx: Transaction, principal: Principal, node_id: UUID, kind: NodeKind) -> None:
    """Move a file, or a folder with everything in it, to the trash.

    Raises:
        NotFound, RoleRequired: there is no such node, or the caller is not an editor.
        RootFolder: a root cannot be trashed.
    """
    await lock_tree_of(tx, node_id, exclusive=True)
    node = await access.require(tx, principal.user_id, node_id, Role.EDITOR, kind=kind)
    if node.parent_id is None:
        raise RootFolder
    await tx.execute(
        update(Node)
        .where(or_(Node.id == node_id, Node.path.contains([node_id])), live)
        .values(trashed_at=func.now(), trash_root_id=node_id)
    )
    trashed = NodeTrashed(kind=kind, name=node.name)
    await events.record(
        tx, principal.actor, node_id, trashed, node_id=node_id, space_id=node.space_id
    )


async def require_entry(tx: Transaction, user_id: UUID, node_id: UUID, role: Role) -> SeenNode:
    """A trash entry, with its tree locked exclusively.

    Raises:
        NotFound: there is no such entry, or the caller may not see it.
        RoleRequired: the caller's role is weaker.
    """
    await lock_tree_of(tx, node_id, exclusive=True)
    entry = await access.require(tx, user_id, node_id, role, trashed=True)
    if entry.trash_root_id != entry.id:
        raise NotFound
    return entry


async def restore(tx: Transaction, principal: Principal, node_id: UUID) -> File | Folder:
    """Put an entry back into its folder, or into the root if that folder is itself trashed.

    If its name has since been taken, a number is added.

    Raises:
        NotFound, RoleRequired: there is no such entry, or the caller is not an editor.
        ParentTrashed: its folder is in the trash, and the caller may not edit the root.
    """
    entry = await require_entry(tx, principal.user_id, node_id, Role.EDITOR)
    folder = await _former_folder(tx, principal.user_id, entry)
    name = entry.name
    if await find_child(tx, folder.id, name):
        name = await free_name(tx, folder.id, name)
    path = [*folder.path, folder.id]
    place = {"parent_id": folder.id, "path": path, "name": name, "name_key": name_key(name)}
    await tx.execute(update(Node).where(Node.id == node_id).values(place))
    if path != entry.path:
        await rewrite_paths(tx, node_id, path)
    await tx.execute(
        update(Node)
        .where(Node.trash_root_id == node_id)
        .values(trashed_at=None, trash_root_id=None)
    )
    restored = NodeRestored(kind=entry.kind, name=name)
    await events.record(
        tx, principal.actor, node_id, restored, node_id=node_id, space_id=entry.space_id
    )
    return await get_node(tx, principal.user_id, node_id)


async def _former_folder(tx: Transaction, user_id: UUID, entry: SeenNode) -> SeenNode:
    nodes = access.seen_by(user_id)
    folder = await first(tx, SeenNode, nodes.where(Node.id == entry.parent_id, live))
    if folder is not None:
        return folder
    root = await first(
        tx, SeenNode, nodes.where(Node.space_id == entry.space_id, Node.parent_id.is_(None))
    )
    if root is None or root.role < Role.EDITOR:
        raise ParentTrashed
    return root


async def list_trash(db: Db, user_id: UUID, *, limit: int, cursor: str | None) -> Documents:
    """One page of what the caller may restore, most recently trashed first, in one statement."""
    branches = [
        LATEST.narrow(branch, limit, cursor).subquery().select() for branch in _entries(user_id)
    ]
    entries = union_all(*branches).subquery("entries")
    query = node_select(user_id).join(entries, entries.c.id == Node.id)
    page, next_cursor = await LATEST.fetch(db, NodeView, query, limit, None)
    return Documents([document(row) for row in page], next_cursor)


def _entries(user_id: UUID) -> list[Select[*tuple[Any, ...]]]:
    """The caller's own entries, those shared with them, and those below what is shared with them.

    Three index searches; an OR of the three could not use the indexes.
    """
    shared = access.granted_nodes(user_id, Role.EDITOR)
    below = Node.path.overlap(func.array(shared.scalar_subquery(), type_=Node.path.type))
    entry = select(Node.id).where(is_entry)
    return [
        entry.where(Node.space_id == user_id),
        entry.where(Node.id.in_(shared), not_(below), Node.space_id != user_id),
        entry.where(below, Node.space_id != user_id),
    ]
