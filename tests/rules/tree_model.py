"""The tree, its roles and its quota as a few lists in memory: what the database is held against.

Every operation either changes the model or raises `Refused` with the code the product answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from backend.kit.text.names import name_key, numbered_name
from backend.kit.vocabulary import NodeKind, Role

T = TypeVar("T")


class Refused(Exception):
    """The code of the problem."""


@dataclass(eq=False)
class Item:
    """A file or a folder; a file has the sizes of its versions."""

    name: str
    owner: str
    parent: "Item | None"
    kind: NodeKind
    sizes: list[int] = field(default_factory=list)
    entry: "Item | None" = None
    """The entry of the trash it went with."""

    def lineage(self) -> "Iterator[Item]":
        """Itself and its ancestors, the root last."""
        item: Item | None = self
        while item:
            yield item
            item = item.parent


def pick_from(items: list[T], pick: int) -> T:
    """One of them, whatever the number; the newest for the smallest."""
    return items[-1 - pick % len(items)]


class Model:
    """A few people's trees."""

    def __init__(self, quotas: dict[str, int]) -> None:
        self.quotas = quotas
        self.roots = {who: Item("My files", who, None, NodeKind.FOLDER) for who in quotas}
        self.items = list(self.roots.values())
        self.grants: dict[tuple[str, Item], Role] = {}

    # What there is

    def item(self, pick: int) -> Item:
        return pick_from([item for item in self.items if not item.entry], pick)

    def folder(self, pick: int) -> Item:
        live = [item for item in self.items if not item.entry and item.kind is NodeKind.FOLDER]
        return pick_from(live, pick)

    def file(self, pick: int) -> Item:
        return pick_from(self.live_files(), pick)

    def live_files(self) -> list[Item]:
        return [item for item in self.items if not item.entry and item.kind is NodeKind.FILE]

    def trashed(self) -> list[Item]:
        return [item for item in self.items if item.entry]

    # What can be seen

    def role(self, who: str, item: Item) -> Role | None:
        if item.owner == who:
            return Role.OWNER
        roles = [self.grants.get((who, above)) for above in item.lineage()]
        return max((role for role in roles if role), default=None)

    def below(self, item: Item) -> list[Item]:
        return [other for other in self.items if item in other.lineage()]

    def children(self, folder: Item) -> list[Item]:
        return [item for item in self.items if item.parent is folder and not item.entry]

    def trash_of(self, who: str) -> set[Item]:
        entries = {item for item in self.items if item.entry is item}
        return {item for item in entries if (self.role(who, item) or 0) >= Role.EDITOR}

    def files_of(self, who: str) -> set[Item]:
        return {item for item in self.live_files() if self.role(who, item)}

    def used(self, who: str) -> int:
        return sum(sum(item.sizes) for item in self.items if item.owner == who)

    # What can be done

    def make(self, who: str, folder: Item, name: str) -> Item:
        self._require(who, folder, Role.EDITOR, NodeKind.FOLDER)
        self._require_free(folder, name)
        return self._add(Item(name, folder.owner, folder, NodeKind.FOLDER))

    def put(self, who: str, folder: Item, name: str, size: int) -> Item:
        self._require(who, folder, Role.EDITOR, NodeKind.FOLDER)
        self._require_free(folder, name)
        self._require_room(folder.owner, size)
        return self._add(Item(name, folder.owner, folder, NodeKind.FILE, [size]))

    def add_version(self, who: str, file: Item, size: int) -> None:
        self._require(who, file, Role.EDITOR, NodeKind.FILE)
        self._require_room(file.owner, size)
        file.sizes.append(size)

    def copy(self, who: str, file: Item, folder: Item) -> Item:
        self._require(who, file, Role.VIEWER, NodeKind.FILE)
        self._require(who, folder, Role.EDITOR, NodeKind.FOLDER)
        self._require_room(folder.owner, file.sizes[-1])
        name = self._free_name(folder, file.name)
        return self._add(Item(name, folder.owner, folder, NodeKind.FILE, file.sizes[-1:]))

    def rename(self, who: str, item: Item, name: str) -> None:
        self._require(who, item, Role.EDITOR)
        if item.parent is None:
            raise Refused("root_folder")
        self._require_free(item.parent, name, unless=item)
        item.name = name

    def move(self, who: str, item: Item, folder: Item) -> None:
        self._require(who, item, Role.EDITOR)
        if item.parent is None:
            raise Refused("root_folder")
        if folder is item.parent:
            return
        self._require(who, folder, Role.EDITOR, NodeKind.FOLDER)
        if folder.owner != item.owner:
            raise Refused("other_owner")
        if item in folder.lineage():
            raise Refused("folder_cycle")
        role = self.role(who, folder)
        assert role is not None  # an editor of it
        self._require_role(who, item, role)
        self._require_free(folder, item.name)
        item.parent = folder

    def trash(self, who: str, item: Item) -> None:
        self._require(who, item, Role.EDITOR)
        if item.parent is None:
            raise Refused("root_folder")
        for other in self.below(item):
            other.entry = other.entry or item

    def restore(self, who: str, item: Item) -> None:
        self._require_entry(who, item, Role.EDITOR)
        folder = item.parent
        if folder is None or folder.entry:
            folder = self.roots[item.owner]
            if (self.role(who, folder) or 0) < Role.EDITOR:
                raise Refused("parent_trashed")
        item.name, item.parent = self._free_name(folder, item.name), folder
        for other in self.items:
            other.entry = None if other.entry is item else other.entry

    def delete(self, who: str, item: Item) -> None:
        self._require_entry(who, item, Role.OWNER)
        for gone in self.below(item):
            self.items.remove(gone)
        self.grants = {key: role for key, role in self.grants.items() if key[1] in self.items}

    # Rules

    def _add(self, item: Item) -> Item:
        self.items.append(item)
        return item

    def _require(self, who: str, item: Item, role: Role, kind: NodeKind | None = None) -> None:
        if item.entry or item not in self.items or (kind and item.kind is not kind):
            raise Refused("not_found")
        self._require_role(who, item, role)

    def _require_entry(self, who: str, item: Item, role: Role) -> None:
        if not item.entry or item not in self.items:
            raise Refused("not_found")
        self._require_role(who, item, role)
        if item.entry is not item:
            raise Refused("not_found")

    def _require_role(self, who: str, item: Item, role: Role) -> None:
        held = self.role(who, item)
        if held is None:
            raise Refused("not_found")
        if held < role:
            raise Refused("role_required")

    def _taken(self, folder: Item, unless: Item | None = None) -> set[str]:
        return {name_key(item.name) for item in self.children(folder) if item is not unless}

    def _require_free(self, folder: Item, name: str, unless: Item | None = None) -> None:
        if name_key(name) in self._taken(folder, unless):
            raise Refused("name_taken")

    def _free_name(self, folder: Item, name: str) -> str:
        names = [name, *(numbered_name(name, number) for number in range(1, 100))]
        return next(free for free in names if name_key(free) not in self._taken(folder))

    def _require_room(self, owner: str, size: int) -> None:
        if size and self.used(owner) + size > self.quotas[owner]:
            raise Refused("quota_exceeded")
