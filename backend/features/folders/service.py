"""Folders: finding the root, making new ones."""

from uuid import UUID

from backend.core.db import Db, Transaction
from backend.core.errors import NotFound
from backend.features.folders.nodes import get_node, node_select, present_folder
from backend.features.folders.schemas import Folder, FolderCreate
from backend.features.folders.tree import checked_name, create_node, target_folder
from backend.models import Node, NodeKind
from backend.rules import audit
from backend.rules.principal import Principal


async def get_root(db: Db, user_id: UUID) -> Folder:
    """The folder everything of the caller's is in."""
    query = node_select(user_id).where(Node.owner_id == user_id, Node.parent_id.is_(None))
    root = (await db.execute(query)).first()
    if root is None:
        raise NotFound
    return present_folder(root)


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
