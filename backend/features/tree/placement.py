"""Changing the tree: its lock, and how a node is added.

Locks are taken in this order by everyone, so that nobody waits in a circle:

    the tree       shared to add a node or a version, exclusive to move, trash, restore or delete
    a name         the unique index, by inserting or renaming
    the quota      the space's row, last; see `rules.quota.of_space`
"""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from backend.core.database.engine import Db, Transaction
from backend.core.errors import NameTaken, NotFound
from backend.features.tree.errors import FolderTooDeep, InvalidNodeName
from backend.features.tree.nodes import get_node
from backend.features.tree.schemas import Folder, FolderCreate
from backend.kit.ids import uuid7
from backend.kit.names import InvalidName, clean_name, name_key, numbered_name
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Node, live
from backend.rules import access, audit
from backend.rules.principal import Principal

MAX_DEPTH = 100
"""Folders above a node: bounds the ancestors every row carries."""

NUMBERS_TRIED = 100
"""`name (1)` to `name (99)` are looked for in order; a fuller folder gets random numbers."""


def checked_name(raw: str) -> str:
    """The name as it will be stored.

    Raises:
        InvalidNodeName: empty, too long, or with a forbidden character.
    """
    try:
        return clean_name(raw)
    except InvalidName as error:
        raise InvalidNodeName(str(error)) from error


async def lock_tree(tx: Transaction, space_id: UUID, *, exclusive: bool = False) -> None:
    """Hold a space's tree until `tx` ends.

    Args:
        tx: the transaction; statements after this one see what earlier holders did.
        space_id: whose tree.
        exclusive: keep everyone else out; shared holders only keep exclusive ones out.
    """
    await tx.execute(select(_lock(literal(space_id, Uuid()), exclusive)))


async def lock_tree_of(tx: Transaction, node_id: UUID, *, exclusive: bool = False) -> None:
    """Hold the tree that `node_id` is in; does nothing when there is no such node."""
    await tx.execute(select(_lock(Node.space_id, exclusive)).where(Node.id == node_id))


def _lock(space_id: SQLColumnExpression[UUID], exclusive: bool) -> ColumnElement[None]:
    lock = func.pg_advisory_xact_lock if exclusive else func.pg_advisory_xact_lock_shared
    return lock(func.hashtextextended(func.concat("tree:", space_id), 0))


async def target_folder(db: Db, user_id: UUID, folder_id: UUID | None) -> Row[Any]:
    """The folder something shall be put into: `folder_id`, or the caller's root without one.

    Raises:
        NotFound: no such folder, or invisible to the caller.
        RoleRequired: the caller may not change it.
    """
    if folder_id is None:
        root = access.node_query(user_id).where(
            Node.space_id == user_id, Node.parent_id.is_(None), live
        )
        if found := (await db.execute(root)).first():
            return found
        raise NotFound
    return await access.require(db, user_id, folder_id, Role.EDITOR, kind=NodeKind.FOLDER)


async def find_child(db: Db, folder_id: UUID, name: str) -> Row[Any] | None:
    """The live node with this name, ignoring case, in a folder the caller may see."""
    query = select(*Node.__table__.columns).where(
        Node.parent_id == folder_id, Node.name_key == name_key(name), live
    )
    return (await db.execute(query)).first()


async def create_node(
    tx: Transaction, parent: Row[Any], kind: NodeKind, name: str, *, rename: bool
) -> UUID:
    """Add a file or a folder to `parent`, a folder of which the caller may edit the contents.

    Args:
        tx: holds the tree's shared lock afterwards.
        parent: a row of `access.require` or `target_folder`; its place is read anew.
        kind: what to add.
        name: as `checked_name` gave it.
        rename: take `name (1).ext` when the name is taken.

    Raises:
        NameTaken: the folder holds this name, and `rename` is off.
        FolderTooDeep: the folder is nested too deep to hold anything more.
        NotFound: the folder has been trashed or deleted meanwhile.
    """
    if len(parent.path) >= MAX_DEPTH:
        raise FolderTooDeep(f"Folders can be nested {MAX_DEPTH} deep.")
    await lock_tree(tx, parent.space_id)
    candidate = name
    while (node_id := await _insert(tx, parent.id, kind, candidate)) is None:
        if not rename:
            raise NameTaken(f"The folder already holds something named “{name}”.")
        candidate = await free_name(tx, parent.id, name)
    return node_id


async def _insert(tx: Transaction, parent_id: UUID, kind: NodeKind, name: str) -> UUID | None:
    """Add the node; null when the name is taken."""
    parent = select(Node.space_id, Node.path).where(Node.id == parent_id, live).cte("parent")
    columns = {
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
        .from_select(list(columns), select(*columns.values()))
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
    """`name (1).ext`, or the first number up that no live node of the folder has taken."""
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
    """Make a folder in another one; needs the role editor there.

    Raises:
        InvalidNodeName: the name cannot be stored.
        NotFound, RoleRequired: the folder it should go into is not the caller's to change.
        NameTaken, FolderTooDeep: it does not fit there.
    """
    name = checked_name(body.name)
    parent = await target_folder(tx, principal.user_id, body.folder_id)
    folder_id = await create_node(tx, parent, NodeKind.FOLDER, name, rename=False)
    await audit.record(
        tx, principal.actor, "folder.created", folder_id, name=name, folder_id=str(parent.id)
    )
    return await get_node(tx, principal.user_id, folder_id, NodeKind.FOLDER)
