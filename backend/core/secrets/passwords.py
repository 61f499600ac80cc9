"""Passwords: argon2id with passlib, off the event loop."""

from functools import partial
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from passlib.hash import argon2

from backend.core.errors import Unprocessable
from backend.core.settings import AuthSettings

MIN_LENGTH = 8
"""Characters (NIST SP 800-63B, 5.1.1.2; which also says: no composition rules)."""
MAX_BYTES = 1024
"""Bytes of UTF-8: longer ones cost hashing time and add nothing."""

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
HASHER = argon2.using(  # type: ignore[no-untyped-call]
    type="ID", memory_cost=19456, rounds=2, parallelism=1
)


class PasswordTooEasy(Unprocessable):
    """This password is too easy to guess."""

    code = "password_too_easy"


COMMON = "\n" + Path(__file__).with_name("common_passwords.txt").read_text()
"""The passwords of at least 8 characters found most often in leaks, one per line."""


def is_common(password: str) -> bool:
    """Whether it is among the most common passwords, regardless of case."""
    return "\n" not in password and f"\n{password.lower()}\n" in COMMON


def check_length(password: str) -> str:
    """Return `password` if its length is allowed; for schemas.

    Raises:
        ValueError: it has fewer than 8 characters or more than 1024 bytes.
    """
    if len(password) < MIN_LENGTH:
        raise ValueError(f"must have at least {MIN_LENGTH} characters")
    if len(password.encode()) > MAX_BYTES:
        raise ValueError(f"must have at most {MAX_BYTES} bytes")
    return password


def refuse_obvious(password: str, email: str) -> None:
    """Refuse a new password that is easy to guess.

    Raises:
        PasswordTooEasy: it is a common password, the account's e-mail or the part before its @.
    """
    if is_common(password) or password.lower() in {email, email.partition("@")[0]}:
        raise PasswordTooEasy


class Passwords:
    """Hashes and verifies in a few dedicated threads: 20 ms and 19 MiB each."""

    def __init__(self, settings: AuthSettings) -> None:
        self._threads = CapacityLimiter(settings.hash_concurrency)
        self._decoy = HASHER.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The encoded hash to store, with its salt and parameters."""
        return await to_thread.run_sync(partial(HASHER.hash, password), limiter=self._threads)

    async def verify(self, password: str, encoded: str | None) -> bool:
        """Whether `password` matches; without a hash, the answer takes just as long."""
        fits = len(password.encode(errors="replace")) <= MAX_BYTES
        known = encoded is not None and fits
        check = partial(HASHER.verify, password if fits else "", encoded if known else self._decoy)
        return await to_thread.run_sync(check, limiter=self._threads) and known

    def needs_rehash(self, encoded: str) -> bool:
        """Whether the hash was made with parameters other than the current ones."""
        return bool(HASHER.needs_update(encoded))
