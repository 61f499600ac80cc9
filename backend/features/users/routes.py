"""`/v1/auth/register` and `/v1/users/me`."""

from fastapi import APIRouter, Request

from backend.core.database.requests import LateTx, Statements, Tx
from backend.core.errors import TooManyRequests, Unauthorized
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.secrets.passwords import PasswordTooEasy
from backend.core.services import CurrentLimiter, CurrentPasswords, CurrentSettings, SettledCallers
from backend.features.users import profile, registration
from backend.features.users.errors import EmailDomainNotAllowed, LastAdmin, RegistrationClosed
from backend.features.users.schemas import Usage, User, UserCreate, UserUpdate
from backend.rules.idempotency import (
    IdempotencyHeader,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
)
from backend.rules.principal import (
    AnyCredential,
    FilesRead,
    ScopeRequired,
    SessionRequired,
    SignedIn,
    caller,
)

router = APIRouter(
    prefix="/v1", tags=["Accounts"], route_class=Route, dependencies=[SettledCallers]
)


@router.post(
    "/auth/register",
    status_code=201,
    summary="Register an account",
    responses=problems(
        RegistrationClosed,
        EmailDomainNotAllowed,
        PasswordTooEasy,
        IdempotencyKeyReused,
        IdempotencyKeyInUse,
        TooManyRequests,
    ),
)
async def register(
    request: Request,
    body: UserCreate,
    limiter: CurrentLimiter,
    passwords: CurrentPasswords,
    settings: CurrentSettings,
    late: LateTx,
    _key: IdempotencyHeader = None,
) -> User:
    """Create an account and send an e-mail with a link that verifies the address.

    If the address already has an account, the answer is the same, nothing changes, and the owner
    of the address gets an e-mail that says so.
    """
    return await registration.register(limiter, passwords, settings, late, caller(request), body)


@router.get("/users/me", summary="Get your account", responses=problems(Unauthorized))
async def get_me(principal: AnyCredential, db: Statements) -> User:
    """The account that your credential belongs to."""
    return await profile.get_user(db, principal.user_id)


@router.patch(
    "/users/me", summary="Change your account", responses=problems(Unauthorized, SessionRequired)
)
async def update_me(principal: SignedIn, tx: Tx, body: UserUpdate) -> User:
    """Set your display name; null removes it."""
    return await profile.change_profile(tx, principal, body.display_name)


@router.delete(
    "/users/me",
    status_code=204,
    summary="Delete your account",
    responses=problems(Unauthorized, SessionRequired, LastAdmin),
)
async def delete_me(principal: SignedIn, tx: Tx) -> None:
    """Immediately ends your sessions, API keys, and links, then permanently deletes your files.

    The last administrator cannot leave: make somebody else an administrator first.
    """
    await profile.leave(tx, principal)


@router.get(
    "/users/me/usage",
    summary="Get your storage usage",
    responses=problems(Unauthorized, ScopeRequired),
)
async def get_usage(principal: FilesRead, db: Statements) -> Usage:
    """How much your personal space stores, reserves for open uploads, and has left."""
    return await profile.get_usage(db, principal.user_id)
