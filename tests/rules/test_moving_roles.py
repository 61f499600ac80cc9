"""Whatever was shared with somebody, and whatever they move: they gain no rights by it."""

from functools import partial
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from backend.core.database.engine import Transaction
from backend.core.errors import ApiError
from backend.features.tree.moves import update_node
from backend.features.tree.placement import create_node, target_folder
from backend.features.tree.schemas import NodeUpdate
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, Node
from backend.rules.access import inherited_role
from tests.rules.world import World, join, outcome_of

PARENTS = {"here": "top", "inner": "here", "leaf": "inner", "there": "top", "deep": "there"}
PLACES = ["top", *PARENTS]

Roles = dict[str, Role | None]


class Tree:
    """Ada's folders, anew for each try, and Bob's roles on them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ada, self.bob = (world.run(partial(join, who=who, quota_bytes=0)) for who in "ab")
        self.ids: dict[str, UUID] = {}

    def grow(self, granted: dict[str, Role]) -> None:
        async def make(tx: Transaction) -> None:
            for place in PLACES:
                parent = self.ids[PARENTS[place]] if place in PARENTS else None
                folder = await target_folder(tx, self.ada.user_id, parent)
                name = f"{place} {uuid4()}"
                self.ids[place] = await create_node(tx, folder, NodeKind.FOLDER, name, rename=False)
            for place, role in granted.items():
                grant = {"user_id": self.bob.user_id, "node_id": self.ids[place], "role": role}
                await tx.execute(insert(Grant).values(grant))

        self.world.run(make)

    def roles(self) -> Roles:
        async def read(tx: Transaction) -> Roles:
            query = select(Node.id, inherited_role(self.bob.user_id).label("role"))
            rows = await tx.execute(query.where(Node.id.in_(self.ids.values())))
            held = {row.id: row.role for row in rows}
            return {place: held[node_id] for place, node_id in self.ids.items()}

        return self.world.run(read)

    def move(self, place: str, folder: str) -> str | None:
        """The code with which Bob is refused."""
        body = NodeUpdate(folder_id=self.ids[folder])
        node_id, kind = self.ids[place], NodeKind.FOLDER
        _, refusal = outcome_of(
            lambda: self.world.run(lambda tx: update_node(tx, self.bob, node_id, kind, body)),
            ApiError,
        )
        return refusal


def expected(roles: Roles, place: str, folder: str) -> str | None:
    """What Bob is told: he needs the role editor here and there, and here the one he has there."""
    if refusal := short_of_editor(roles[place]):
        return refusal
    if folder == PARENTS[place]:
        return None
    if refusal := short_of_editor(roles[folder]):
        return refusal
    if place in lineage(folder):
        return "folder_cycle"
    return "role_required" if (roles[folder] or 0) > (roles[place] or 0) else None


def short_of_editor(role: Role | None) -> str | None:
    if role is None:
        return "not_found"
    return "role_required" if role < Role.EDITOR else None


def lineage(place: str) -> list[str]:
    return [place, *(lineage(PARENTS[place]) if place in PARENTS else [])]


def test_a_move_never_raises_the_mover_s_role(world: World) -> None:
    tree = Tree(world)

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        granted=st.dictionaries(st.sampled_from(PLACES), st.sampled_from(Role), min_size=1),
        place=st.sampled_from(list(PARENTS)),
        folder=st.sampled_from(PLACES),
    )
    def holds(granted: dict[str, Role], place: str, folder: str) -> None:
        tree.grow(granted)
        before = tree.roles()
        assert tree.move(place, folder) == expected(before, place, folder)
        after = tree.roles()
        assert all((after[at] or 0) <= (before[at] or 0) for at in PLACES)

    holds()
