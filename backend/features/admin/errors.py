"""What even an administrator may not do."""

from backend.core.errors import Conflict


class LastAdmin(Conflict):
    """Without this account nobody could administer the others."""

    code = "last_admin"
