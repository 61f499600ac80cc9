"""Errors of requests for files."""

from backend.core.errors import Conflict


class CurrentVersion(Conflict):
    """The current version cannot be deleted: make another version current first."""

    code = "current_version"
