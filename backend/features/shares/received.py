"""What others share with the caller."""

from uuid import UUID

from backend.core.database.rows import Db
from backend.core.http.pages import Documents, cut_page
from backend.features.tree.nodes import document, node_select
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.models import Node, live
from backend.rules.access import received_grants


async def shared_with_me(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Documents:
    """Live nodes with a grant to the user, the latest grant first, in one query.

    Grants have ids that sort by time, so the id alone is the sort key and the cursor.
    """
    grant = received_grants(user_id).subquery("received")
    query = (
        node_select(user_id)
        .add_columns(grant.c.id.label("grant_id"))
        .join(grant, grant.c.node_id == Node.id)
        .where(live)
        .order_by(grant.c.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        (last_id,) = decode_cursor(cursor, UUID)
        query = query.where(grant.c.id < last_id)
    rows = (await db.execute(query)).all()
    page, next_cursor = cut_page(rows, limit, lambda row: encode_cursor(row.grant_id))
    return Documents([document(row) for row in page], next_cursor)
