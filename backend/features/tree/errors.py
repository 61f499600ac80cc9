"""What can be wrong with a change to the tree."""

from backend.core.errors import Conflict, Unprocessable


class InvalidNodeName(Unprocessable):
    """This cannot be the name of a file or a folder."""

    code = "invalid_name"


class RootFolder(Conflict):
    """A root folder cannot be renamed, moved or trashed."""

    code = "root_folder"


class FolderCycle(Conflict):
    """A folder cannot be moved into itself or into a folder below it."""

    code = "folder_cycle"


class FolderTooDeep(Conflict):
    """Folders cannot be nested this deep."""

    code = "folder_too_deep"


class OtherOwner(Conflict):
    """Nothing can be moved into another owner's tree: copy it there instead."""

    code = "other_owner"


class ParentTrashed(Conflict):
    """The folder it was in is in the trash: restore that one first."""

    code = "parent_trashed"
