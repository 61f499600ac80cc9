"""Team spaces, made where no operation makes them."""

from uuid import UUID

from sqlalchemy import insert

from backend.core.services import Services
from backend.features.spaces.service import create_space
from backend.kit.ids import uuid7
from backend.kit.vocabulary import Role, SpaceKind
from backend.models import Grant
from tests.support.people import Person
from tests.support.trees import Json


async def make_team_space(
    services: Services, name: str = "Accounting", quota_bytes: int = 1_000_000, **members: Person
) -> Json:
    """A team's space; each member is named by the role they get: `editor=ada`.

    Returns:
        Its `id` and `root_id`.
    """
    space_id = uuid7()
    async with services.database.transaction() as tx:
        root_id = await create_space(tx, space_id, SpaceKind.TEAM, quota_bytes, name=name)
        for role, member in members.items():
            grant = {"node_id": root_id, "user_id": UUID(member.id), "role": Role[role.upper()]}
            await tx.execute(insert(Grant).values(grant))
    return {"id": str(space_id), "root_id": str(root_id)}
