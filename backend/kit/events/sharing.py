"""Events of shares and links."""

from typing import ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import Role


class OfShare(Entry):
    """Names who has which role on what."""

    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    user_id: UUID | None
    role: Role


class ShareCreated(OfShare):
    """Somebody was given a role; `user_id` is null for an address without a verified account."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_CREATED,)


class ShareUpdated(OfShare):
    """The role that somebody has was changed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_UPDATED,)


class ShareAccepted(OfShare):
    """Somebody verified an invited address and has the role from now on."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_ACCEPTED,)


class ShareRemoved(OfShare):
    """The role that somebody had was removed, perhaps together with the share `ended_with`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SHARE_REMOVED,)
    ended_with: UUID | None = None


class LinkCreated(Entry):
    """A public link was created; `limits` names its restrictions."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_CREATED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    limits: tuple[str, ...]


class LinkUpdated(Entry):
    """The restrictions of a link that `changed` names were set or removed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_UPDATED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    changed: tuple[str, ...]


class LinkRevoked(Entry):
    """A link was permanently revoked, perhaps together with the share `ended_with`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_REVOKED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
    ended_with: UUID | None = None


class LinkDownloaded(Entry):
    """Somebody downloaded the file `node_id` through a link."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.LINK_DOWNLOADED,)
    audience: ClassVar[Audience] = Audience.OWNERS
    node_id: UUID
