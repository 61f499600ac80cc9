"""What can go wrong when sharing with a person."""

from backend.core.errors import Conflict


class CannotShareWithOwner(Conflict):
    """This belongs to that person already."""

    code = "cannot_share_with_owner"


class CannotShareWithYourself(Conflict):
    """Nobody can change their own role by sharing with themselves."""

    code = "cannot_share_with_yourself"
