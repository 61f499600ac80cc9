"""Bearer secrets: made once, shown once, kept only as a hash.

A token carries 256 random bits, so a plain SHA-256 is enough to store it: there is nothing to
guess, and a look-up by hash compares nothing secret byte by byte.
"""

import hashlib
import secrets


def new_token() -> str:
    """43 URL-safe characters carrying 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256 of a token: the only form in which it is stored or looked up."""
    return hashlib.sha256(token.encode()).digest()
