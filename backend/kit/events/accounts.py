"""Events of accounts and their credentials."""

from typing import Any, ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Audience, Entry, EventType
from backend.kit.vocabulary import UserRole


class ApiKeyCreated(Entry):
    """An API key was created."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.API_KEY_CREATED,)
    name: str
    scopes: tuple[str, ...]


class ApiKeyRevoked(Entry):
    """An API key was revoked."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.API_KEY_REVOKED,)
    name: str


class SessionCreated(Entry):
    """The user signed in."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SESSION_CREATED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class SessionRevoked(Entry):
    """A session of `user_id` was ended because of `reason`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SESSION_REVOKED,)
    user_id: UUID
    reason: str


class UserRegistered(Entry):
    """An account was created."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_REGISTERED,)
    role: UserRole


class UserRegisteredAgain(Entry):
    """Someone tried to register with the address of an existing account."""

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
    """The address was verified."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_EMAIL_VERIFIED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserPasswordChanged(Entry):
    """The password was changed with the current one."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_PASSWORD_CHANGED,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserPasswordReset(Entry):
    """The password was reset by mail."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_PASSWORD_RESET,)
    audience: ClassVar[Audience] = Audience.ACCOUNT


class UserAdministered(Entry):
    """An administrator set the fields in `changes`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_ADMINISTERED,)
    changes: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The changed fields."""
        return self.changes
