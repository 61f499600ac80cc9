"""The catalogue of events: every type, its data, and who may see it.

Each class is one entry; its fields are the event's `data` as JSON: ids as strings, roles by name.
Activity, the audit trail, and every later reader know an event by its type alone, so a type is
never renamed and a field never changes its meaning. `make events` writes docs/events.md from here.
"""

from backend.kit.events.accounts import (
    ApiKeyCreated,
    ApiKeyRevoked,
    SessionCreated,
    SessionRevoked,
    UserAdministered,
    UserChanged,
    UserDeleted,
    UserEmailVerified,
    UserPasswordChanged,
    UserPasswordReset,
    UserRegistered,
    UserRegisteredAgain,
)
from backend.kit.events.catalogue import Audience, Entry, EventType, catalogue
from backend.kit.events.sharing import (
    LinkCreated,
    LinkDownloaded,
    LinkRevoked,
    LinkUpdated,
    OfShare,
    ShareAccepted,
    ShareCreated,
    ShareRemoved,
    ShareUpdated,
)
from backend.kit.events.spaces import TrashEmptied, UsageRecounted
from backend.kit.events.tree import (
    FileCopied,
    FileUploaded,
    FolderCreated,
    NodeDeleted,
    NodeMoved,
    NodePathRepaired,
    NodeRenamed,
    NodeRestored,
    NodeTrashed,
    UploadBegun,
    UploadEnded,
    VersionDeleted,
    VersionRestored,
)

__all__ = [
    "ApiKeyCreated",
    "ApiKeyRevoked",
    "Audience",
    "Entry",
    "EventType",
    "FileCopied",
    "FileUploaded",
    "FolderCreated",
    "LinkCreated",
    "LinkDownloaded",
    "LinkRevoked",
    "LinkUpdated",
    "NodeDeleted",
    "NodeMoved",
    "NodePathRepaired",
    "NodeRenamed",
    "NodeRestored",
    "NodeTrashed",
    "OfShare",
    "SessionCreated",
    "SessionRevoked",
    "ShareAccepted",
    "ShareCreated",
    "ShareRemoved",
    "ShareUpdated",
    "TrashEmptied",
    "UploadBegun",
    "UploadEnded",
    "UsageRecounted",
    "UserAdministered",
    "UserChanged",
    "UserDeleted",
    "UserEmailVerified",
    "UserPasswordChanged",
    "UserPasswordReset",
    "UserRegistered",
    "UserRegisteredAgain",
    "VersionDeleted",
    "VersionRestored",
    "catalogue",
]
