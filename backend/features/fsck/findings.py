"""The kinds of findings, and the parameters of a check."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from backend.core.services import Services

PAGE = 1000
"""Rows or objects held at a time."""
PATIENCE = "SET LOCAL statement_timeout = '10min'"
"""Adding up a large tree may take longer than a request may take."""


class Kind(StrEnum):
    """The kinds of findings; a repair fixes those in `REPAIRABLE`."""

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
"""No repair can bring back lost bytes; anything else that needs a decision is left to a person."""


DELETED = frozenset({Kind.ORPHAN_OBJECT, Kind.ABANDONED_MULTIPART})
"""What a repair deletes, but only if bucket and database certainly belong together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the object key or row, and what exactly."""

    kind: Kind
    subject: str
    detail: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """The parameters of a check.

    Args:
        services: the services of this process.
        older_than: anything newer may belong to an upload in progress and is ignored.
        repair: repair what is safe to repair.
        progress: called with the name of what is being read and how many more have been read.
        repair_all: delete regardless of how much it is and whether it looks suspicious.
        refuse: called with the reason why a repair deletes nothing, and what to do.
    """

    services: Services
    older_than: timedelta
    repair: bool = False
    progress: Callable[[str, int], None] = lambda _name, _count: None
    repair_all: bool = False
    refuse: Callable[[str], None] = lambda _reason: None

    @property
    def cutoff(self) -> datetime:
        """The latest time that counts as old."""
        return datetime.now(UTC) - self.older_than


Check = Callable[[Inspection], AsyncIterator[Finding]]
