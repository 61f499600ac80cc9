"""Roles against a small model: the strongest one granted on a node or above it wins."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from backend.core.database.engine import Transaction
from backend.core.errors import ApiError
from backend.features.tree.nodes import get_node
from backend.features.tree.placement import create_node, target_folder
from backend.kit.ids import uuid7
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant
from backend.rules import access
from tests.rules.world import World, join

DEPTH = 12


class Chain:
    """Ada's folders inside each other, and Bob, who is given roles on some of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ada = world.run(lambda tx: join(tx, "ada", 0)).user_id
        self.bob = world.run(lambda tx: join(tx, "bob", 0)).user_id
        self.folders = world.run(self._make)

    async def _make(self, tx: Transaction) -> list[UUID]:
        row = await target_folder(tx, self.ada, None)
        ids = []
        for level in range(DEPTH):
            ids.append(await create_node(tx, row, NodeKind.FOLDER, str(level), rename=False))
            row = await target_folder(tx, self.ada, ids[-1])
        return ids

    def grant(self, roles: dict[int, Role]) -> None:
        """Bob has these roles, by level, and no others."""

        async def replace(tx: Transaction) -> None:
            await tx.execute(delete(Grant).where(Grant.user_id == self.bob))
            for level, role in roles.items():
                grant = {"node_id": self.folders[level], "user_id": self.bob, "role": role}
                await tx.execute(insert(Grant).values(id=uuid7(), **grant))

        self.world.run(replace)

    def asks(self, who: UUID, level: int, role: Role) -> str:
        """What somebody who needs a role on a folder is told."""
        try:
            self.world.run(lambda tx: access.require(tx, who, self.folders[level], role))
        except ApiError as error:
            return error.code
        return "yes"


levels = st.integers(0, DEPTH - 1)


class TestRequire:
    def test_the_strongest_role_from_here_up_decides(self, world: World):
        chain = Chain(world)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            granted=st.dictionaries(levels, st.sampled_from(Role), max_size=4),
            level=levels,
            needed=st.sampled_from(Role),
        )
        def holds(granted: dict[int, Role], level: int, needed: Role) -> None:
            chain.grant(granted)
            held = max((role for at, role in granted.items() if at <= level), default=None)
            expected = "yes"
            if held is None:
                expected = "not_found"
            elif held < needed:
                expected = "role_required"
            assert chain.asks(chain.bob, level, needed) == expected

        holds()

    def test_the_owner_of_the_tree_may_do_everything(self, world: World):
        chain = Chain(world)
        assert chain.asks(chain.ada, DEPTH - 1, Role.OWNER) == "yes"

    def test_no_role_makes_one_the_owner_of_the_parent(self, world: World):
        chain = Chain(world)
        chain.grant({5: Role.OWNER})
        assert chain.asks(chain.bob, 4, Role.VIEWER) == "not_found"


class TestVisibleParent:
    @pytest.mark.parametrize(("level", "shown"), [(5, False), (6, True), (11, True)])
    def test_shows_where_sight_goes_on(self, world: World, level: int, shown: bool):
        chain = Chain(world)
        chain.grant({5: Role.VIEWER})
        folder = world.run(lambda tx: get_node(tx, chain.bob, chain.folders[level]))
        assert folder.folder_id == (chain.folders[level - 1] if shown else None)
