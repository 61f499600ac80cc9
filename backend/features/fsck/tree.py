"""The tree: paths, owners, trash, and which version is current."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, case, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from backend.core.database.engine import Database, Transaction
from backend.core.database.rows import columns, rows
from backend.features.fsck.findings import PAGE, PATIENCE, Finding, Inspection, Kind
from backend.features.tree.placement import lock_tree
from backend.kit.events import NodePathRepaired
from backend.kit.vocabulary import NodeKind
from backend.models import FileVersion, Node, NodeRow
from backend.rules import events
from backend.rules.actor import SYSTEM

DETAILS = {
    Kind.PATH: "its path is not that of its folder plus the folder itself",
    Kind.OWNER: "it is in another space than its folder, or its parent is a file",
    Kind.TRASH: "it is not trashed, but its folder is",
    Kind.CURRENT_VERSION: "its current version is missing, another file's, or of another size",
}
NO_PATH = literal([], ARRAY(Uuid))


class _Looked(NamedTuple):
    id: UUID
    space_id: UUID
    path: bool
    owner: bool
    trash: bool
    current_version: bool

    def is_broken(self, kind: Kind) -> bool:
        """Whether it has a problem of this kind."""
        return bool(getattr(self, kind))


async def check_tree(inspection: Inspection) -> AsyncIterator[Finding]:
    """Compare every node with its folder and its current version.

    If each path extends its folder's path, all paths are right, up to the root.
    """
    database = inspection.services.database
    after = UUID(int=0)
    while True:
        page = await rows(database.autocommit, _Looked, _look_at(after))
        inspection.progress("nodes", len(page))
        for finding in await _judge(database, page, repair=inspection.repair):
            yield finding
        if len(page) < PAGE:
            return
        after = page[-1].id


def _look_at(after: UUID) -> Select[*tuple[Any, ...]]:
    parent, version = aliased(Node), aliased(FileVersion)
    page = select(Node.id).where(Node.id > after).order_by(Node.id).limit(PAGE).subquery()
    right_path = case(
        (Node.parent_id.is_(None), NO_PATH), else_=func.array_append(parent.path, parent.id)
    )
    foreign = or_(parent.space_id != Node.space_id, parent.kind != NodeKind.FOLDER)
    lost = and_(Node.trashed_at.is_(None), parent.trashed_at.is_not(None))
    is_file = Node.kind == NodeKind.FILE
    fits = and_(version.node_id == Node.id, version.size == Node.size)
    broken = case(
        (is_file, func.coalesce(fits, False).is_(False)),
        else_=Node.current_version_id.is_not(None),
    )
    return (
        select(
            Node.id,
            Node.space_id.label("space_id"),
            Node.path.is_distinct_from(right_path).label(Kind.PATH),
            func.coalesce(foreign, False).label(Kind.OWNER),
            func.coalesce(lost, False).label(Kind.TRASH),
            broken.label(Kind.CURRENT_VERSION),
        )
        .join_from(Node, page, page.c.id == Node.id)
        .outerjoin(parent, parent.id == Node.parent_id)
        .outerjoin(version, version.id == Node.current_version_id)
        .order_by(Node.id)
    )


async def _judge(database: Database, page: Sequence[_Looked], *, repair: bool) -> list[Finding]:
    rebuilt: set[UUID] = set()
    if repair:
        for space_id in {row.space_id for row in page if row.path}:
            rebuilt |= await _rebuild_paths(database, space_id)
    return [
        Finding(
            kind,
            str(row.id),
            detail,
            repaired=kind is Kind.PATH and row.id in rebuilt,
        )
        for row in page
        for kind, detail in DETAILS.items()
        if row.is_broken(kind)
    ]


async def _rebuild_paths(database: Database, space_id: UUID) -> set[UUID]:
    """Rebuild every wrong path in a tree from the root down; return the nodes that changed.

    Nodes in a cycle are not reached and stay as they are.
    """
    root = (
        select(Node.id, NO_PATH.label("path"))
        .where(Node.space_id == space_id, Node.parent_id.is_(None))
        .cte("placed", recursive=True)
    )
    child = aliased(Node)
    below = select(child.id, func.array_append(root.c.path, root.c.id)).where(
        child.parent_id == root.c.id
    )
    placed = root.union_all(below)
    async with database.transaction() as tx:
        await tx.execute(text(PATIENCE))
        await lock_tree(tx, space_id, exclusive=True)
        changed = await tx.execute(
            update(Node)
            .where(Node.id == placed.c.id, Node.path != placed.c.path)
            .values(path=placed.c.path)
            .returning(*columns(NodeRow, Node))
        )
        nodes = [NodeRow(*node) for node in changed]
        for node in nodes:
            await _record(tx, node)
        return {node.id for node in nodes}


async def _record(tx: Transaction, node: NodeRow) -> None:
    """Tell the owners about the repair, because the path determines who may see the node."""
    repaired = NodePathRepaired(kind=node.kind, name=node.name, folder_id=node.parent_id)
    await events.record(tx, SYSTEM, node.id, repaired, node_id=node.id, space_id=node.space_id)
