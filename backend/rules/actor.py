"""Whoever does something, as the audit trail names them."""

from dataclasses import dataclass
from uuid import UUID

from backend.kit.vocabulary import ActorKind


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from which address, in which request."""

    kind: ActorKind
    id: UUID | None = None
    ip: str | None = None
    request_id: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM)
"""The worker, acting on its own."""
