"""What can be wrong with a request for a file."""

from backend.core.errors import Conflict


class CurrentVersion(Conflict):
    """The current version cannot be deleted: make another one current first."""

    code = "current_version"
