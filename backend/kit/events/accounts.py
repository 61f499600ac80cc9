"""Events of accounts and their credentials."""

from typing import Any, ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import UserRole


class ApiKeyCreated(Entry):
    """An API key was made."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.API_KEY_CREATED,)
    name: str
    scopes: tuple[str, ...]


class ApiKeyRevoked(Entry):
    """An API key was ended."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.API_KEY_REVOKED,)
    name: str


class SessionCreated(Entry):
    """Somebody signed in."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SESSION_CREATED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class SessionRevoked(Entry):
    """A session of `user_id` was ended, for `reason`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SESSION_REVOKED,)
    user_id: UUID
    reason: str


class UserRegistered(Entry):
    """An account was made."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_REGISTERED,)
    role: UserRole


class UserRegisteredAgain(Entry):
    """Somebody tried to register with the address of an account."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_REGISTERED_AGAIN,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserChanged(Entry):
    """The profile was changed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_CHANGED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserDeleted(Entry):
    """The account was closed."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_DELETED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserEmailVerified(Entry):
    """The address was proved."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_EMAIL_VERIFIED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserPasswordChanged(Entry):
    """The password was changed by the current one."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_PASSWORD_CHANGED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserPasswordReset(Entry):
    """The password was set anew by a mail."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_PASSWORD_RESET,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserAdministered(Entry):
    """An administrator set the fields in `changes`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_ADMINISTERED,)
    changes: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The changes themselves."""
        return self.changes
