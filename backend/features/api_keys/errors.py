"""What can go wrong with an API key."""

from backend.core.errors import Forbidden, Unprocessable


class ScopeNotYours(Forbidden):
    """You can only give a key scopes that you have yourself."""

    code = "scope_not_yours"


class ExpiryInThePast(Unprocessable):
    """The expiry must be in the future."""

    code = "expiry_in_the_past"
