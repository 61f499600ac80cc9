"""Errors of changes to the tree."""

from backend.core.errors import Conflict, Unprocessable


class InvalidNodeName(Unprocessable):
    """This is not a valid name for a file or folder."""

    code = "invalid_name"


class RootFolder(Conflict):
    """A root folder cannot be renamed, moved or trashed."""

    code = "root_folder"


class FolderCycle(Conflict):
    """A folder cannot be moved into itself or into one of its subfolders."""

    code = "folder_cycle"


class FolderTooDeep(Conflict):
    """Folders cannot be nested this deep."""

    code = "folder_too_deep"


class OtherOwner(Conflict):
    """Items cannot be moved into another space: copy them there instead."""

    code = "other_owner"


class ParentTrashed(Conflict):
    """The original folder is in the trash: restore it first."""

    code = "parent_trashed"
