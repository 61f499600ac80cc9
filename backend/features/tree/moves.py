"""Renaming and moving files and folders."""

from uuid import UUID

from sqlalchemy import Uuid, func, literal, select, update
from sqlalchemy.exc import IntegrityError

from backend.core.database.engine import Transaction
from backend.core.errors import NameTaken
from backend.features.tree.errors import (
    FolderCycle,
    FolderTooDeep,
    OtherOwner,
    RootFolder,
)
from backend.features.tree.placement import MAX_DEPTH, checked_name, lock_tree_of
from backend.features.tree.schemas import NodeUpdate
from backend.kit.events import Entry, NodeMoved, NodeRenamed
from backend.kit.text.names import name_key
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Node
from backend.rules import access, events
from backend.rules.access import SeenNode
from backend.rules.principal import Principal


async def update_node(
    tx: Transaction, principal: Principal, node_id: UUID, kind: NodeKind, body: NodeUpdate
) -> None:
    """Rename a file or a folder, move it within its tree, or both.

    Moving requires the role editor on the node and on the target folder, and the role owner on the
    node if the caller is an owner of the target folder: a move must not give anyone a role.

    Raises:
        NotFound, RoleRequired: the caller may not change the node or the folder, or would gain
            a role.
        RootFolder, OtherOwner, FolderCycle, FolderTooDeep: it cannot be moved there.
        InvalidNodeName, NameTaken: it cannot have this name there.
    """
    await lock_tree_of(tx, node_id, exclusive=body.folder_id is not None)
    node = await access.require(tx, principal.user_id, node_id, Role.EDITOR, kind=kind)
    if node.parent_id is None:
        raise RootFolder
    name = node.name if body.name is None else checked_name(body.name)
    if body.folder_id not in (None, node.parent_id):
        folder = await access.require(
            tx, principal.user_id, body.folder_id, Role.EDITOR, kind=NodeKind.FOLDER
        )
        await _move(tx, node, folder, name)
        await _record(tx, principal, node, NodeMoved(kind=kind, folder_id=folder.id))
    elif name != node.name:
        await _place(tx, node.id, name)
    if name != node.name:
        renamed = NodeRenamed(kind=kind, name=name, old_name=node.name)
        await _record(tx, principal, node, renamed)


async def _record(tx: Transaction, principal: Principal, node: SeenNode, entry: Entry) -> None:
    await events.record(
        tx, principal.actor, node.id, entry, node_id=node.id, space_id=node.space_id
    )


async def _move(tx: Transaction, node: SeenNode, folder: SeenNode, name: str) -> None:
    if folder.space_id != node.space_id:
        raise OtherOwner
    if node.id == folder.id or node.id in folder.path:
        raise FolderCycle
    _refuse_gain(node, folder)
    path = [*folder.path, folder.id]
    await _place(tx, node.id, name, parent_id=folder.id, path=path)
    deepest = await rewrite_paths(tx, node.id, path) if node.kind == NodeKind.FOLDER else 0
    if max(deepest, len(path)) > MAX_DEPTH:
        raise FolderTooDeep(f"Folders can be nested at most {MAX_DEPTH} levels deep.")


def _refuse_gain(node: SeenNode, folder: SeenNode) -> None:
    """Otherwise an editor could become an owner, who may share, link and delete permanently.

    What is below the node needs no check of its own: the caller's role there is at least as strong.
    """
    if folder.role > node.role:
        raise access.RoleRequired(
            "Only an owner of this item can move it there, because you own the target folder."
        )


async def _place(tx: Transaction, node_id: UUID, name: str, **place: object) -> None:
    values = {"name": name, "name_key": name_key(name), "updated_at": func.now(), **place}
    try:
        await tx.execute(update(Node).where(Node.id == node_id).values(values))
    except IntegrityError as error:
        # The only constraint a renamed or moved node can violate.
        raise NameTaken(f"The folder already contains an item named “{name}”.") from error


async def rewrite_paths(tx: Transaction, node_id: UUID, path: list[UUID]) -> int:
    """Update the ancestors of everything below a node, including what is trashed.

    Args:
        tx: holds the tree exclusively.
        node_id: the folder that was moved.
        path: the new ancestors of the folder itself, root first.

    Returns:
        The number of ancestors of the deepest node; 0 if there is nothing below.
    """
    start = func.array_position(Node.path, literal(node_id, Uuid()))
    rest = Node.path[start : func.cardinality(Node.path)]
    moved = (
        update(Node)
        .where(Node.path.contains([node_id]))
        .values(path=func.array_cat(literal(path, Node.path.type), rest))
        .returning(func.cardinality(Node.path).label("depth"))
        .cte("moved")
    )
    deepest: int | None = (await tx.execute(select(func.max(moved.c.depth)))).scalar_one()
    return deepest or 0
