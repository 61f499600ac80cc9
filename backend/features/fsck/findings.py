"""What can be wrong, and how a check is asked."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from backend.core.services import Services

PAGE = 1000
"""Rows or objects held at a time."""
PATIENCE = "SET LOCAL statement_timeout = '10min'"
"""Adding up a large tree may take longer than a request is allowed to."""


class Kind(StrEnum):
    """The kinds of findings; those a repair mends are named in `REPAIRABLE`."""

    ORPHAN_OBJECT = "orphan_object"
    MISSING_OBJECT = "missing_object"
    WRONG_SIZE = "wrong_size"
    ABANDONED_MULTIPART = "abandoned_multipart"
    FOREIGN_OBJECT = "foreign_object"
    STUCK_UPLOAD = "stuck_upload"
    USED_BYTES = "used_bytes"
    RESERVED_BYTES = "reserved_bytes"
    PATH = "path"
    OWNER = "owner"
    TRASH = "trash"
    CURRENT_VERSION = "current_version"


REPAIRABLE = frozenset(
    {
        Kind.ORPHAN_OBJECT,
        Kind.ABANDONED_MULTIPART,
        Kind.USED_BYTES,
        Kind.RESERVED_BYTES,
        Kind.PATH,
    }
)
"""No repair can bring lost bytes back; whatever else needs a decision is left to a person."""


DELETED = frozenset({Kind.ORPHAN_OBJECT, Kind.ABANDONED_MULTIPART})
"""What a repair deletes: only where it is certain that bucket and database belong together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with which object key or row, and what exactly."""

    kind: Kind
    subject: str
    detail: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a check works with.

    Args:
        services: of this process.
        older_than: what is younger may belong to an upload under way, and is not looked at.
        repair: mend what is safe to mend.
        progress: told the name of what is being read, and how many more of it have been.
        repair_all: delete, however much that is, and whatever it looks like.
        refuse: told why a repair deletes nothing, and what to do.
    """

    services: Services
    older_than: timedelta
    repair: bool = False
    progress: Callable[[str, int], None] = lambda _name, _count: None
    repair_all: bool = False
    refuse: Callable[[str], None] = lambda _reason: None

    @property
    def cutoff(self) -> datetime:
        """The latest moment that counts as old."""
        return datetime.now(UTC) - self.older_than


Check = Callable[[Inspection], AsyncIterator[Finding]]
