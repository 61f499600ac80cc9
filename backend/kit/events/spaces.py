"""Events of spaces; those of a personal space count as events of its account."""

from typing import Any, ClassVar

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import SpaceKind


class _OfSpace(Entry):
    """An event of personal and team spaces: `kind` selects the type and is not part of the data."""

    audience: ClassVar[Audience] = Audience.OWNERS
    kind: SpaceKind

    @property
    def type(self) -> EventType:
        """The type for an account, or for a team space."""
        of_account, of_team = self.types
        return of_account if self.kind is SpaceKind.PERSONAL else of_team

    def data(self) -> dict[str, Any]:
        """Its fields as JSON."""
        told = super().data()
        del told["kind"]
        return told


class TrashEmptied(_OfSpace):
    """This many entries of the trash were deleted permanently."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.USER_TRASH_EMPTIED,
        EventType.SPACE_TRASH_EMPTIED,
    )
    entries: int


class UsageRecounted(_OfSpace):
    """`fsck` corrected the used and reserved bytes of a space."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.USER_USAGE_RECOUNTED,
        EventType.SPACE_USAGE_RECOUNTED,
    )
    old_used_bytes: int
    old_reserved_bytes: int
    used_bytes: int
    reserved_bytes: int
