"""Events of spaces: of a person's own they are told as the account's."""

from typing import Any, ClassVar

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import SpaceKind


class _OfSpace(Entry):
    """Happens to personal and to team spaces: `kind` chooses the type, and is not told again."""

    audience: ClassVar[Audience] = Audience.OWNERS
    kind: SpaceKind

    @property
    def type(self) -> EventType:
        """Of an account, or of a team's space."""
        of_account, of_team = self.types
        return of_account if self.kind is SpaceKind.PERSONAL else of_team

    def data(self) -> dict[str, Any]:
        """Its fields as JSON."""
        told = super().data()
        del told["kind"]
        return told


class TrashEmptied(_OfSpace):
    """So many entries of the trash were deleted for good."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.USER_TRASH_EMPTIED,
        EventType.SPACE_TRASH_EMPTIED,
    )
    entries: int


class UsageRecounted(_OfSpace):
    """`fsck` corrected what a space uses, in bytes."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.USER_USAGE_RECOUNTED,
        EventType.SPACE_USAGE_RECOUNTED,
    )
    old_used_bytes: int
    old_reserved_bytes: int
    used_bytes: int
    reserved_bytes: int
