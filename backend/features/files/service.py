"""Reading one file."""

from uuid import UUID

from backend.core.database.rows import Db
from backend.features.tree.nodes import get_node
from backend.features.tree.schemas import File
from backend.kit.vocabulary import NodeKind


async def get_file(db: Db, user_id: UUID, file_id: UUID) -> File:
    """One live file, in one statement.

    Raises:
        NotFound: there is no such file, it is trashed, or the caller may not see it.
    """
    return await get_node(db, user_id, file_id, NodeKind.FILE)
