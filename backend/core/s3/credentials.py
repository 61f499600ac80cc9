"""The AWS credentials for signing: always available, renewed in the background.

Finding and renewing credentials may need the network (web identity, container or instance role).
Signing must not: it uses the last snapshot, which `keep_fresh` replaces long before it expires.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)

RENEWAL_INTERVAL = 30.0
"""Seconds between checks. botocore requests new credentials when 15 minutes are left."""


class CredentialsMissing(RuntimeError):
    """No AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or attach a role."""


@dataclass(frozen=True, slots=True, eq=False)
class Credentials:
    """One consistent set. `expires_at` is Unix time, infinite for long-term keys."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_at: float = math.inf


CredentialsSource = Callable[[], Credentials]
"""Returns the current credentials for signing, without waiting."""


class RenewedCredentials:
    """A CredentialsSource that `keep_fresh` keeps up to date."""

    def __init__(self, read: Callable[[], Credentials]) -> None:
        """Read the first credentials with `read`, which may block: call this in a thread."""
        self._read = read
        self._snapshot = read()

    def __call__(self) -> Credentials:
        """The latest credentials; they may have expired if renewing them keeps failing."""
        return self._snapshot

    async def keep_fresh(self, interval: float = RENEWAL_INTERVAL) -> None:
        """Read them again every `interval` seconds, in a thread; run this as a task.

        A failure is logged and retried: the last credentials stay valid until they expire.
        """
        while True:
            await asyncio.sleep(interval)
            try:
                self._snapshot = await asyncio.to_thread(self._read)
            except Exception:  # providers may raise anything, and the last snapshot still works
                log.warning("credentials_not_renewed", exc_info=True)
