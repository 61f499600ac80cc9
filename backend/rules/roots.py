"""The root of a person's tree, made together with the account."""

from uuid import UUID

from sqlalchemy import insert

from backend.core.database.engine import Transaction
from backend.kit.ids import uuid7
from backend.kit.names import name_key
from backend.kit.vocabulary import NodeKind
from backend.models import Node

ROOT_NAME = "My files"


async def create_root(tx: Transaction, owner_id: UUID) -> UUID:
    """Make the folder in which everything of `owner_id` lives; return its id."""
    root_id = uuid7()
    await tx.execute(
        insert(Node).values(
            id=root_id,
            owner_id=owner_id,
            path=[],
            kind=NodeKind.FOLDER,
            name=ROOT_NAME,
            name_key=name_key(ROOT_NAME),
        )
    )
    return root_id
