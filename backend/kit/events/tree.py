"""Events of files, folders, and uploads."""

from typing import ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import NodeKind, UploadState


class _OfNode(Entry):
    """Happens to files and folders alike."""

    audience: ClassVar[Audience] = Audience.VIEWERS
    type_field: ClassVar[str] = "kind"
    kind: NodeKind

    @property
    def type(self) -> EventType:
        """The type for a file or for a folder."""
        return next(kind for kind in self.types if kind.subject_kind == self.kind)


class FolderCreated(Entry):
    """A folder was created in the folder `folder_id`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FOLDER_CREATED,)
    audience: ClassVar[Audience] = Audience.VIEWERS
    name: str
    folder_id: UUID


class NodeRenamed(_OfNode):
    """It was renamed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_RENAMED, EventType.FOLDER_RENAMED)
    name: str
    old_name: str


class NodeMoved(_OfNode):
    """It was moved to the folder `folder_id`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_MOVED, EventType.FOLDER_MOVED)
    folder_id: UUID


class NodeTrashed(_OfNode):
    """It was moved to the trash, with everything in it."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_TRASHED, EventType.FOLDER_TRASHED)
    name: str


class NodeRestored(_OfNode):
    """It was restored from the trash, possibly under another name."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_RESTORED, EventType.FOLDER_RESTORED)
    name: str


class NodeDeleted(_OfNode):
    """It was permanently deleted."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_DELETED, EventType.FOLDER_DELETED)
    name: str


class NodePathRepaired(_OfNode):
    """`fsck` repaired its path of ancestors, which decides who may see it."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.FILE_PATH_REPAIRED,
        EventType.FOLDER_PATH_REPAIRED,
    )
    name: str
    folder_id: UUID | None


class FileUploaded(Entry):
    """An upload became a file or a new version of one."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_UPLOADED,)
    audience: ClassVar[Audience] = Audience.VIEWERS
    upload_id: UUID
    size: int


class FileCopied(Entry):
    """It was created as a copy of the file `source_id`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_COPIED,)
    audience: ClassVar[Audience] = Audience.VIEWERS
    source_id: UUID
    size: int


class VersionRestored(Entry):
    """An earlier version was restored, as the new version `version_id`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_VERSION_RESTORED,)
    audience: ClassVar[Audience] = Audience.VIEWERS
    version_id: UUID


class VersionDeleted(Entry):
    """The earlier version `version_id` was permanently deleted."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.FILE_VERSION_DELETED,)
    audience: ClassVar[Audience] = Audience.VIEWERS
    version_id: UUID


class UploadBegun(Entry):
    """An upload was begun, and `size` bytes were reserved for it."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.UPLOAD_BEGUN,)
    size: int
    name: str


class UploadEnded(Entry):
    """An upload ended without a file; the type says how."""

    types: ClassVar[tuple[EventType, ...]] = (
        EventType.UPLOAD_ABORTED,
        EventType.UPLOAD_EXPIRED,
        EventType.UPLOAD_FAILED,
    )
    type_field: ClassVar[str] = "state"
    state: UploadState
    name: str

    @property
    def type(self) -> EventType:
        """One of three, by `state`."""
        return EventType(f"upload.{self.state}")
