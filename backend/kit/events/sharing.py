"""Events of shares and links."""

from typing import ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import Role


class OfShare(Entry):
    """Tells who has which role on what."""

    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    user_id: UUID | None
    role: Role


class ShareCreated(OfShare):
    """Somebody was given a role; `user_id` is null while they are only invited."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_CREATED,)


class ShareUpdated(OfShare):
    """Somebody's role was changed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_UPDATED,)


class ShareAccepted(OfShare):
    """An invited person proved the address, and has the role from now on."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_ACCEPTED,)


class ShareRemoved(OfShare):
    """Somebody's role was taken back."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_REMOVED,)


class LinkCreated(Entry):
    """A public link was made; `limits` names what bounds it."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_CREATED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    limits: tuple[str, ...]


class LinkUpdated(Entry):
    """The fields named in `changed` of a link were set or lifted."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_UPDATED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    changed: tuple[str, ...]


class LinkRevoked(Entry):
    """A link was withdrawn for good."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_REVOKED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID


class LinkDownloaded(Entry):
    """Somebody got a download of `node_id` by a link."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_DOWNLOADED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
