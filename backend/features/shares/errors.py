"""What can go wrong when sharing with a person."""

from backend.core.errors import Conflict


class CannotShareWithOwner(Conflict):
    """That person already owns this."""

    code = "cannot_share_with_owner"


class CannotShareWithYourself(Conflict):
    """You cannot share with yourself."""

    code = "cannot_share_with_yourself"
