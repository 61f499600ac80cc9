"""Events of accounts and their credentials."""

from typing import Any, ClassVar
from uuid import UUID

from backend.kit.events.catalogue import Entry, EventType
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
    """Somebody signed in."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SESSION_CREATED,)


class SessionRevoked(Entry):
    """A session of the user `user_id` was ended, for `reason`."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.SESSION_REVOKED,)
    user_id: UUID
    reason: str


class UserRegistered(Entry):
    """An account was created."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_REGISTERED,)
    role: UserRole


class UserRegisteredAgain(Entry):
    """Somebody tried to register with the address of this account."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_REGISTERED_AGAIN,)


class UserChanged(Entry):
    """The user changed their profile."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_CHANGED,)


class UserDeleted(Entry):
    """The user closed the account."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_DELETED,)


class UserEmailVerified(Entry):
    """The user verified the e-mail address."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_EMAIL_VERIFIED,)


class UserPasswordChanged(Entry):
    """The password was changed with the current one."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_PASSWORD_CHANGED,)


class UserPasswordReset(Entry):
    """The password was reset by e-mail."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_PASSWORD_RESET,)


class UserAdministered(Entry):
    """An administrator changed the account; its data is the fields that were set."""

    types: ClassVar[tuple[EventType, ...]] = (EventType.USER_ADMINISTERED,)
    changes: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The changes themselves."""
        return self.changes
