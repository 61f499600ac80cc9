"""Events of shares and links."""

from typing import ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import Role


class OfShare(Entry):
    """Who has which role on what."""

    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    user_id: UUID | None
    role: Role


class ShareCreated(OfShare):
    """A person was given a role; `user_id` is null while they are only invited."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_CREATED,)


class ShareUpdated(OfShare):
    """A person's role was changed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_UPDATED,)


class ShareAccepted(OfShare):
    """An invited person verified the address and has the role from now on."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_ACCEPTED,)


class ShareRemoved(OfShare):
    """A person's role was removed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_REMOVED,)


class LinkCreated(Entry):
    """A link was created; `limits` lists the limits that are set."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_CREATED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    limits: tuple[str, ...]


class LinkUpdated(Entry):
    """The limits of a link listed in `changed` were set or removed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_UPDATED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    changed: tuple[str, ...]


class LinkRevoked(Entry):
    """A link was revoked permanently."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_REVOKED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID


class LinkDownloaded(Entry):
    """A visitor downloaded `node_id` through a link."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_DOWNLOADED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
