"""Signed, short-lived tokens (JWT, RFC 7519), with python-jose.

HS256 only: the algorithm is pinned, never read from the token. The header's `kid` names the key, so
that SECRET_KEY can be rotated while tokens signed with the previous one remain valid.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from jose import JWTError, jwt

from backend.core.errors import InvalidToken
from backend.core.settings import Settings

ALGORITHM = "HS256"
REQUIRED = ("iss", "aud", "exp", "iat", "jti", "sub")
SURPRISES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What escapes jose for headers and claims of a surprising JSON type or size."""
INVALID = "The access token is invalid or has expired."


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh token and its lifetime in seconds."""

    token: str
    expires_in: int


class TokenSigner:
    """Issues and verifies tokens with the keys derived from the process's secrets."""

    def __init__(self, settings: Settings) -> None:
        secrets = [settings.secret_key, *settings.secret_keys_retired]
        keys = [_derive(secret.get_secret_value()) for secret in secrets]
        self._keys = {_key_id(key): key for key in keys}
        self._current = _key_id(keys[0])
        self._issuer = settings.auth.issuer

    def issue(
        self, subject: str, audience: str, ttl: timedelta, claims: dict[str, Any] | None = None
    ) -> IssuedToken:
        """Sign a token for `subject` that only `audience` accepts, for `ttl`."""
        now = datetime.now(UTC)
        body = {
            **(claims or {}),
            "iss": self._issuer,
            "aud": audience,
            "sub": subject,
            "iat": now,
            "exp": now + ttl,
            "jti": uuid4().hex,
        }
        headers = {"kid": self._current}
        token = jwt.encode(body, self._keys[self._current], algorithm=ALGORITHM, headers=headers)
        return IssuedToken(token, int(ttl.total_seconds()))

    def verify(self, token: str, audience: str) -> dict[str, Any]:
        """Return the token's claims.

        Raises:
            InvalidToken: malformed, expired, or with an unknown key or a wrong signature, issuer or
                audience, or with an expiry that is not a number.
        """
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=self._issuer,
                options={f"require_{claim}": True for claim in REQUIRED},
            )
        except (JWTError, *SURPRISES) as error:
            raise InvalidToken(INVALID) from error
        # jose also takes "1700000000"; RFC 7519, 2 (NumericDate) does not.
        if not isinstance(claims["exp"], int | float):
            raise InvalidToken(INVALID)
        return claims


def _derive(secret: str) -> bytes:
    """One key per purpose: a key that signs tokens must not also encrypt (NIST SP 800-108)."""
    return hmac.digest(secret.encode(), b"we-upload access tokens", "sha256")


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]
