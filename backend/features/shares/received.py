"""What others share with the caller."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.keyset import descending
from backend.core.database.rows import Db, rows
from backend.core.http.pages import Documents
from backend.features.tree.nodes import NodeView, document, node_select
from backend.models import Grant, Node, live
from backend.rules.access import inherited_role, received_grants

LATEST = descending(id=Grant.id)


class _Received(NamedTuple):
    id: UUID
    node_id: UUID


async def shared_with_me(db: Db, user_id: UUID, limit: int, cursor: str | None) -> Documents:
    """Live nodes with a grant to the user, the latest grant first.

    Grants have ids that sort by time, so the id alone is the sort key and the cursor.
    """
    grants = received_grants(user_id).where(
        select(Node.id).where(Node.id == Grant.node_id, live).exists()
    )
    page, next_cursor = await LATEST.fetch(db, _Received, grants, limit, cursor)
    wanted = [grant.node_id for grant in page]
    seen = {node.id: node for node in await rows(db, NodeView, _still_seen(user_id, wanted))}
    return Documents([document(seen[it]) for it in wanted if it in seen], next_cursor)


def _still_seen(user_id: UUID, node_ids: list[UUID]) -> Select[*tuple[Any, ...]]:
    """The nodes still visible to the user: a grant may end between the two statements."""
    return node_select(user_id).where(
        Node.id == any_(literal(node_ids, ARRAY(Uuid))), live, inherited_role(user_id).is_not(None)
    )
