"""Bearer secrets: created once, shown once, stored only as a hash.

A token has 256 random bits, so storing a plain SHA-256 is enough: it cannot be guessed, and a
look-up by hash compares no secret byte by byte.
"""

import hashlib
import secrets


def new_token() -> str:
    """43 URL-safe characters with 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """The SHA-256 of a token: the only form in which it is stored and looked up."""
    return hashlib.sha256(token.encode()).digest()
