"""Any sequence of operations leaves the database as it leaves the model, and is refused alike."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, insert, select

from backend.core.database.engine import Transaction
from backend.core.errors import ApiError
from backend.features.files.copies import copy_file
from backend.features.files.schemas import CopyRequest
from backend.features.files.versions import add_version
from backend.features.tree.children import list_children
from backend.features.tree.moves import update_node
from backend.features.tree.placement import create_folder, create_node, target_folder
from backend.features.tree.purge import delete_entry
from backend.features.tree.schemas import FolderCreate, NodeUpdate
from backend.features.tree.search import search_files
from backend.features.tree.trash import list_trash, restore, trash_node
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, Node, Space
from backend.rules import access, quota
from tests.rules.tree_model import Item, Model, Refused, pick_from
from tests.rules.world import World, join, outcome_of, version

T = TypeVar("T")
QUOTAS = {"ada": 100, "bob": 40}
ALL = 1000

names = st.sampled_from(["a", "b", "c.txt", "d", "straße", "STRASSE"])
sizes = st.sampled_from([0, 1, 7, 30])
# Mostly the owner, or most of what is tried would be refused.
everyone = st.sampled_from(["ada", "ada", "bob"])
roles = st.sampled_from(list(Role))
picks = st.sampled_from(range(12))


class TreeMachine(RuleBasedStateMachine):
    """Does everything twice: to the model, and to the database."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(QUOTAS)
        self.people = {
            who: self.world.run(lambda tx, who=who, size=size: join(tx, who, size))
            for who, size in QUOTAS.items()
        }
        self.ids: dict[Item, UUID] = {}
        for who, root in self.model.roots.items():
            query = select(Node.id).where(Node.space_id == self.people[who].user_id)
            self.ids[root] = self.world.run(lambda tx, query=query: tx.scalar(query))

    def both(
        self, model: Callable[[], T], product: Callable[[Transaction], Awaitable[Any]]
    ) -> None:
        """Do it to both: both do it, or both refuse for one reason."""
        made, expected = outcome_of(model, Refused)
        result, refusal = outcome_of(lambda: self.world.run(product), ApiError)
        assert refusal == expected
        if isinstance(made, Item):
            self.ids[made] = result
        return made

    @contextmanager
    def nothing_gained(self, who: str) -> Iterator[None]:
        """Whatever is done here, it gives the one who does it no more rights on anything."""
        before = {item: self.model.role(who, item) or 0 for item in self.model.items}
        yield
        assert all((self.model.role(who, item) or 0) <= role for item, role in before.items())

    @initialize(role=roles)
    def begin_with_something(self, role):
        """Folders in each other, one of them shared, and files to begin with."""
        roots = self.model.roots
        outer = self._make_a_folder("ada", roots["ada"], "outer")
        inner = self._make_a_folder("ada", outer, "inner")
        self._make_a_folder("ada", inner, "inmost")
        self._share("bob", outer, role)
        for who, root in roots.items():
            self._put_a_file(who, root, "file", 1)

    @rule(who=everyone, where=picks, name=names)
    def make_a_folder(self, who, where, name):
        self._make_a_folder(who, self.model.folder(where), name)

    def _make_a_folder(self, who: str, folder: Item, name: str) -> Item:
        async def make(tx):
            body = FolderCreate(name=name, folder_id=self.ids[folder])
            return (await create_folder(tx, self.people[who], body)).id

        return self.both(lambda: self.model.make(who, folder, name), make)

    @rule(who=everyone, where=picks, name=names, size=sizes)
    def put_a_file(self, who, where, name, size):
        self._put_a_file(who, self.model.folder(where), name, size)

    def _put_a_file(self, who: str, folder: Item, name: str, size: int) -> None:
        user_id = self.people[who].user_id

        async def put(tx):
            parent = await target_folder(tx, user_id, self.ids[folder])
            file_id = await create_node(tx, parent, NodeKind.FILE, name, rename=False)
            await add_version(tx, file_id, version(size))
            await quota.charge(tx, parent.space_id, size)
            return file_id

        self.both(lambda: self.model.put(who, folder, name, size), put)

    @precondition(lambda self: self.model.live_files())
    @rule(who=everyone, which=picks, size=sizes)
    def put_a_version(self, who, which, size):
        file = self.model.file(which)

        async def put(tx):
            kind, user_id = NodeKind.FILE, self.people[who].user_id
            node = await access.require(tx, user_id, self.ids[file], Role.EDITOR, kind=kind)
            await add_version(tx, node.id, version(size))
            await quota.charge(tx, node.space_id, size)

        self.both(lambda: self.model.add_version(who, file, size), put)

    @precondition(lambda self: self.model.live_files())
    @rule(who=everyone, which=picks, where=picks)
    def copy_a_file(self, who, which, where):
        file, folder = self.model.file(which), self.model.folder(where)

        async def copy(tx):
            body = CopyRequest(folder_id=self.ids[folder])
            return (await copy_file(tx, self.people[who], self.ids[file], body)).id

        self.both(lambda: self.model.copy(who, file, folder), copy)

    @rule(who=everyone, which=picks, name=names)
    def rename(self, who, which, name):
        item, body = self.model.item(which), NodeUpdate(name=name)
        self.both(lambda: self.model.rename(who, item, name), self._update(who, item, body))

    @rule(who=everyone, which=picks, where=picks)
    def move(self, who, which, where):
        item, folder = self.model.item(which), self.model.folder(where)
        body = NodeUpdate(folder_id=self.ids[folder])
        with self.nothing_gained(who):
            self.both(lambda: self.model.move(who, item, folder), self._update(who, item, body))

    def _update(self, who: str, item: Item, body: NodeUpdate) -> Any:
        return lambda tx: update_node(tx, self.people[who], self.ids[item], item.kind, body)

    @rule(who=everyone, which=picks, and_its_folder=st.booleans())
    def trash(self, who, which, and_its_folder):
        item = self.model.item(which)
        for node in [item, item.parent] if item.parent and and_its_folder else [item]:
            self.both(
                lambda node=node: self.model.trash(who, node),
                lambda tx, node=node: trash_node(tx, self.people[who], self.ids[node], node.kind),
            )

    @precondition(lambda self: self.model.trashed())
    @rule(who=everyone, which=picks)
    def restore(self, who, which):
        item = pick_from(self.model.trashed(), which)
        with self.nothing_gained(who):
            self.both(
                lambda: self.model.restore(who, item),
                lambda tx: restore(tx, self.people[who], self.ids[item]),
            )

    @precondition(lambda self: self.model.trashed())
    @rule(who=everyone, which=picks)
    def delete(self, who, which):
        item = pick_from(self.model.trashed(), which)
        self.both(
            lambda: self.model.delete(who, item),
            lambda tx: delete_entry(tx, self.people[who], self.ids[item]),
        )

    @rule(who=everyone, which=picks, role=roles)
    def share(self, who, which, role):
        self._share(who, self.model.item(which), role)

    def _share(self, who: str, item: Item, role: Role) -> None:
        if item.owner != who and (who, item) not in self.model.grants:
            self.model.grants[who, item] = role
            grant = {"user_id": self.people[who].user_id, "node_id": self.ids[item], "role": role}
            self.world.run(lambda tx: tx.execute(insert(Grant).values(grant)))

    @precondition(lambda self: self.model.grants)
    @rule(which=picks)
    def stop_sharing(self, which):
        who, item = pick_from(list(self.model.grants), which)
        del self.model.grants[who, item]
        user_id, node_id = self.people[who].user_id, self.ids[item]
        ended = delete(Grant).where(Grant.user_id == user_id, Grant.node_id == node_id)
        self.world.run(lambda tx: tx.execute(ended))

    @invariant()
    def trees_and_quotas_are_the_same(self):
        owners = {person.user_id: who for who, person in self.people.items()}
        nodes = select(Node.id, Node.name, Node.path, Node.trash_root_id)
        spaces = select(Space.id, Space.used_bytes)

        async def read(tx):
            used = await tx.execute(spaces.where(Space.id.in_(owners)))
            return used.all(), await tx.execute(nodes.where(Node.space_id.in_(owners)))

        used, rows = self.world.run(read)
        assert {row.id: (row.name, row.path, row.trash_root_id) for row in rows} == {
            self.ids[item]: (
                item.name,
                [self.ids[above] for above in item.lineage()][:0:-1],
                item.entry and self.ids[item.entry],
            )
            for item in self.model.items
        }
        for row in used:
            assert row.used_bytes == self.model.used(owners[row.id])

    def teardown(self):
        for who, person in self.people.items():
            self.world.run(lambda tx, who=who, person=person: self._sight(tx, who, person.user_id))

    async def _sight(self, tx: Transaction, who: str, user_id: UUID) -> None:
        """What one person sees of it all."""
        found = await search_files(tx, user_id, limit=ALL)
        assert ids_of(found) == self._ids(self.model.files_of(who))
        assert {file["id"]: file["role"] for file in found.items} == {
            self.ids[item]: self.model.role(who, item).name.lower()
            for item in self.model.files_of(who)
        }
        trashed = await list_trash(tx, user_id, limit=ALL, cursor=None)
        assert ids_of(trashed) == self._ids(self.model.trash_of(who))
        for folder in self.model.items:
            if folder.kind is NodeKind.FOLDER and not folder.entry and self.model.role(who, folder):
                children = await list_children(tx, user_id, self.ids[folder], limit=ALL)
                assert ids_of(children) == self._ids(self.model.children(folder))

    def _ids(self, items) -> set[UUID]:
        return {self.ids[item] for item in items}


def ids_of(page: Any) -> set[UUID]:
    return {item["id"] for item in page.items}


@pytest.mark.timeout(600)  # only where it fails: looking for the shortest way there
def test_the_tree_is_what_the_model_says(world: World) -> None:
    TreeMachine.world = world
    run_state_machine_as_test(
        TreeMachine,
        settings=settings(
            max_examples=45,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
