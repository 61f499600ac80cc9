"""What others share with the caller."""

from uuid import UUID

from backend.core.database.rows import Db
from backend.core.http.pages import Documents, cut_page
from backend.features.tree.nodes import document, node_select
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.models import Grant, Node, live


async def shared_with_me(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Documents:
    """Live nodes with a grant to the user, the latest grant first, in one query.

    Grants have ids that sort by time, so the id alone is the sort key and the cursor.
    """
    query = (
        node_select(user_id)
        .add_columns(Grant.id.label("grant_id"))
        .join(Grant, Grant.node_id == Node.id)
        .where(Grant.user_id == user_id, live)
        .order_by(Grant.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        (last_id,) = decode_cursor(cursor, UUID)
        query = query.where(Grant.id < last_id)
    rows = (await db.execute(query)).all()
    page, next_cursor = cut_page(rows, limit, lambda row: encode_cursor(row.grant_id))
    return Documents([document(row) for row in page], next_cursor)
