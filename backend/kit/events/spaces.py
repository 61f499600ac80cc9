"""Events of spaces; those of a personal space are about its user."""

from typing import ClassVar

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import SpaceKind


class _OfSpace(Entry):
    """Happens to personal and team spaces alike."""

    audience: ClassVar[Audience] = Audience.OWNERS
    type_field: ClassVar[str] = "kind"
    kind: SpaceKind

    @property
    def type(self) -> EventType:
        """The type for a personal or for a team space."""
        of_account, of_team = self.types
        return of_account if self.kind is SpaceKind.PERSONAL else of_team


class TrashEmptied(_OfSpace):
    """The trash was emptied: `entries` of it were permanently deleted."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.USER_TRASH_EMPTIED,
        EventType.SPACE_TRASH_EMPTIED,
    )
    entries: int


class UsageRecounted(_OfSpace):
    """`fsck` corrected the recorded usage, in bytes."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.USER_USAGE_RECOUNTED,
        EventType.SPACE_USAGE_RECOUNTED,
    )
    old_used_bytes: int
    old_reserved_bytes: int
    used_bytes: int
    reserved_bytes: int
