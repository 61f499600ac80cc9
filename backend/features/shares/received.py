"""What others share with the caller."""

from uuid import UUID

from backend.core.database.engine import Db
from backend.core.database.keyset import descending
from backend.core.http.pages import Documents
from backend.features.tree.nodes import document, node_select
from backend.models import Grant, Node, live

LATEST = descending(grant_id=Grant.id)


async def shared_with_me(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Documents:
    """Live nodes with a grant to the user, the latest grant first, in one query.

    Grants have ids that sort by time, so the id alone is the sort key and the cursor.
    """
    query = (
        node_select(user_id)
        .add_columns(Grant.id.label("grant_id"))
        .join(Grant, Grant.node_id == Node.id)
        .where(Grant.user_id == user_id, live)
    )
    page, next_cursor = await LATEST.fetch(db, query, limit, cursor)
    return Documents([document(row) for row in page], next_cursor)
