"""What can go wrong with an API key."""

from backend.core.errors import Forbidden, Unprocessable


class ScopeNotYours(Forbidden):
    """A key can only be given scopes that you have."""

    code = "scope_not_yours"


class ExpiryInThePast(Unprocessable):
    """A key must expire in the future."""

    code = "expiry_in_the_past"
