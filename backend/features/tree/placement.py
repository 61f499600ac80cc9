"""Changing the tree: its lock, and adding nodes.

Every transaction takes its locks in this order, which prevents deadlocks:

    the tree       shared to add a node or a version, exclusive to move, trash, restore or delete
    a name         in the unique index, by inserting or renaming
    the quota      the row of the space, last; see `rules.quota.of_space`
"""

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db, columns, first
from backend.core.errors import NameTaken, NotFound
from backend.features.tree.errors import FolderTooDeep, InvalidNodeName
from backend.features.tree.nodes import get_node
from backend.features.tree.schemas import Folder, FolderCreate
from backend.kit.events import FolderCreated
from backend.kit.ids import uuid7
from backend.kit.text.names import (
    InvalidName,
    clean_name,
    name_key,
    numbered_name,
)
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Node, NodeRow, live
from backend.rules import access, events
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

MAX_DEPTH = 100
"""Folders above a node: bounds the ancestors that every row stores."""

NUMBERS_TRIED = 100
"""`name (1)` to `name (99)` are tried in order, then random numbers."""


def checked_name(raw: str) -> str:
    """The name as it will be stored.

    Raises:
        InvalidNodeName: it is empty, too long, or contains a forbidden character.
    """
    try:
        return clean_name(raw)
    except InvalidName as error:
        raise InvalidNodeName(str(error)) from error


async def lock_tree(tx: Transaction, space_id: UUID, *, exclusive: bool = False) -> None:
    """Lock a space's tree until `tx` ends.

    Args:
        tx: the transaction; later statements in it see what earlier holders did.
        space_id: the space.
        exclusive: exclude all other holders; shared holders exclude only exclusive ones.
    """
    await tx.execute(select(_lock(literal(space_id, Uuid()), exclusive)))


async def lock_tree_of(tx: Transaction, node_id: UUID, *, exclusive: bool = False) -> None:
    """Lock the tree that `node_id` is in; does nothing if there is no such node."""
    await tx.execute(select(_lock(Node.space_id, exclusive)).where(Node.id == node_id))


def _lock(space_id: SQLColumnExpression[UUID], exclusive: bool) -> ColumnElement[None]:
    lock = func.pg_advisory_xact_lock if exclusive else func.pg_advisory_xact_lock_shared
    return lock(func.hashtextextended(func.concat("tree:", space_id), 0))


async def target_folder(db: Db, user_id: UUID, folder_id: UUID | None) -> SeenNode:
    """The folder to put something into: `folder_id`, or the caller's root if it is None.

    Raises:
        NotFound: there is no such folder, or the caller may not see it.
        RoleRequired: the caller may not change it.
    """
    if folder_id is None:
        root = access.seen_by(user_id).where(
            Node.space_id == user_id, Node.parent_id.is_(None), live
        )
        found = await first(db, SeenNode, root)
        if found is None:
            raise NotFound
        return found
    return await access.require(db, user_id, folder_id, Role.EDITOR, kind=NodeKind.FOLDER)


async def find_child(db: Db, folder_id: UUID, name: str) -> NodeRow | None:
    """The live node with this name, ignoring case, in a folder the caller may see."""
    query = select(*columns(NodeRow, Node)).where(
        Node.parent_id == folder_id, Node.name_key == name_key(name), live
    )
    return await first(db, NodeRow, query)


async def create_node(
    tx: Transaction, parent: SeenNode, kind: NodeKind, name: str, *, rename: bool
) -> UUID:
    """Add a file or a folder to `parent`, a folder that the caller may edit.

    Args:
        tx: the transaction; it holds the tree's shared lock afterwards.
        parent: a row of `access.require` or `target_folder`; its place is read again.
        kind: what to add.
        name: as returned by `checked_name`.
        rename: use `name (1).ext` if the name is taken.

    Raises:
        NameTaken: the folder contains this name, and `rename` is off.
        FolderTooDeep: the folder is nested too deeply to contain anything.
        NotFound: the folder has since been trashed or deleted.
    """
    if len(parent.path) >= MAX_DEPTH:
        raise FolderTooDeep(f"Folders can be nested at most {MAX_DEPTH} levels deep.")
    await lock_tree(tx, parent.space_id)
    candidate = name
    while (node_id := await _insert(tx, parent.id, kind, candidate)) is None:
        if not rename:
            raise NameTaken(f"The folder already contains an item named “{name}”.")
        candidate = await free_name(tx, parent.id, name)
    return node_id


async def _insert(tx: Transaction, parent_id: UUID, kind: NodeKind, name: str) -> UUID | None:
    """Add the node; return None if the name is taken."""
    parent = select(Node.space_id, Node.path).where(Node.id == parent_id, live).cte("parent")
    values = {
        "id": literal(uuid7(), Uuid()),
        "space_id": parent.c.space_id,
        "parent_id": literal(parent_id, Uuid()),
        "path": func.array_append(parent.c.path, literal(parent_id, Uuid())),
        "kind": literal(kind.value),
        "name": literal(name),
        "name_key": literal(name_key(name)),
    }
    added = (
        insert(Node)
        .from_select(list(values), select(*values.values()))
        .on_conflict_do_nothing()
        .returning(Node.id)
        .cte("added")
    )
    outcome = select(
        select(func.count()).select_from(parent).scalar_subquery().label("parents"),
        select(added.c.id).scalar_subquery().label("id"),
    )
    row = (await tx.execute(outcome)).one()
    if not row.parents:
        raise NotFound
    node_id: UUID | None = row.id
    return node_id


async def free_name(tx: Transaction, folder_id: UUID, name: str) -> str:
    """`name (1).ext`, or the next number that no live node in the folder uses."""
    candidates = _numbered(name)
    query = select(Node.name_key).where(
        Node.parent_id == folder_id, Node.name_key.in_(map(name_key, candidates)), live
    )
    taken = set((await tx.execute(query)).scalars())
    return next(candidate for candidate in candidates if name_key(candidate) not in taken)


def _numbered(name: str) -> Sequence[str]:
    numbers = [*range(1, NUMBERS_TRIED), *(secrets.randbelow(10**9) for _ in range(8))]
    return [numbered_name(name, number) for number in numbers]


async def create_folder(tx: Transaction, principal: Principal, body: FolderCreate) -> Folder:
    """Create a folder in another one; requires the role editor there.

    Raises:
        InvalidNodeName: the name is not valid.
        NotFound, RoleRequired: the caller may not change the parent folder.
        NameTaken, FolderTooDeep: the parent folder cannot hold it.
    """
    name = checked_name(body.name)
    parent = await target_folder(tx, principal.user_id, body.folder_id)
    folder_id = await create_node(tx, parent, NodeKind.FOLDER, name, rename=False)
    created = FolderCreated(name=name, folder_id=parent.id)
    await events.record(
        tx, principal.actor, folder_id, created, node_id=folder_id, space_id=parent.space_id
    )
    return await get_node(tx, principal.user_id, folder_id, NodeKind.FOLDER)
