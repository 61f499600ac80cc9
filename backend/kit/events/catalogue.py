"""What every entry of the catalogue has, and all event types."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, dataclass_transform
from uuid import UUID

from backend.kit.vocabulary import Role


class Audience(StrEnum):
    """Who may see an event, besides whoever caused it and the administrators."""

    VIEWERS = "viewers"
    """Everyone who may see the file or folder."""
    OWNERS = "owners"
    """The owners of the file, folder, or space."""
    ACCOUNT = "account"
    """The person whose account it is about."""


class EventType(StrEnum):
    """The name of each event: what it is about, and what happened to it."""

    FILE_COPIED = "file.copied"
    FILE_DELETED = "file.deleted"
    FILE_MOVED = "file.moved"
    FILE_PATH_REPAIRED = "file.path_repaired"
    FILE_RENAMED = "file.renamed"
    FILE_RESTORED = "file.restored"
    FILE_TRASHED = "file.trashed"
    FILE_UPLOADED = "file.uploaded"
    FILE_VERSION_DELETED = "file.version_deleted"
    FILE_VERSION_RESTORED = "file.version_restored"
    FOLDER_CREATED = "folder.created"
    FOLDER_DELETED = "folder.deleted"
    FOLDER_MOVED = "folder.moved"
    FOLDER_PATH_REPAIRED = "folder.path_repaired"
    FOLDER_RENAMED = "folder.renamed"
    FOLDER_RESTORED = "folder.restored"
    FOLDER_TRASHED = "folder.trashed"
    UPLOAD_BEGUN = "upload.begun"
    UPLOAD_ABORTED = "upload.aborted"
    UPLOAD_EXPIRED = "upload.expired"
    UPLOAD_FAILED = "upload.failed"
    SHARE_ACCEPTED = "share.accepted"
    SHARE_CREATED = "share.created"
    SHARE_REMOVED = "share.removed"
    SHARE_UPDATED = "share.updated"
    LINK_CREATED = "link.created"
    LINK_DOWNLOADED = "link.downloaded"
    LINK_REVOKED = "link.revoked"
    LINK_UPDATED = "link.updated"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    SESSION_CREATED = "session.created"
    SESSION_REVOKED = "session.revoked"
    USER_ADMINISTERED = "user.administered"
    USER_CHANGED = "user.changed"
    USER_DELETED = "user.deleted"
    USER_EMAIL_VERIFIED = "user.email_verified"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - a name
    USER_PASSWORD_RESET = "user.password_reset"  # noqa: S105
    USER_REGISTERED = "user.registered"
    USER_REGISTERED_AGAIN = "user.registered_again"
    USER_TRASH_EMPTIED = "user.trash_emptied"
    USER_USAGE_RECOUNTED = "user.usage_recounted"
    SPACE_TRASH_EMPTIED = "space.trash_emptied"
    SPACE_USAGE_RECOUNTED = "space.usage_recounted"

    @property
    def subject_kind(self) -> str:
        """What such an event is about: `file`, `share`, `user`."""
        return self.partition(".")[0]


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Entry:
    """One entry; its fields are the event's data."""

    types: ClassVar[tuple[EventType, ...]] = ()
    audience: ClassVar[Audience] = Audience.ACCOUNT
    type_field: ClassVar[str | None] = None
    """The field that decides between several types; the data leaves it out."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    @property
    def type(self) -> EventType:
        """The event's type; an entry with several decides by `type_field`."""
        return self.types[0]

    @classmethod
    def data_fields(cls) -> Iterator[tuple[str, Any]]:
        """The names in the data, each with its type in Python."""
        for field in fields(cls):  # type: ignore[arg-type]  # a dataclass by __init_subclass__
            if field.name != cls.type_field:
                yield field.name, field.type

    def data(self) -> dict[str, Any]:
        """Its fields as JSON."""
        return {name: _json(getattr(self, name)) for name, _ in self.data_fields()}


def _json(value: Any) -> Any:
    if isinstance(value, Role):
        return value.name.lower()
    if isinstance(value, UUID):
        return str(value)
    return list(value) if isinstance(value, tuple | frozenset) else value


def catalogue() -> Iterator[tuple[EventType, type[Entry]]]:
    """Every type with the entry that describes it."""
    yield from _below(Entry)


def _below(base: type[Entry]) -> Iterator[tuple[EventType, type[Entry]]]:
    for entry in base.__subclasses__():
        if "types" in vars(entry):
            yield from ((kind, entry) for kind in entry.types)
        yield from _below(entry)
