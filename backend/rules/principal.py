"""Who calls: a signed-in session or an API key, and what its scopes allow.

A route declares who may call it by the type of its first argument:

    FilesRead, FilesWrite, SharesWrite   anyone whose credential carries that scope
    GrantsRead                           the same, for both scopes that letting others read takes
    SignedIn                             a session, not an API key: for accounts and credentials
    Admin                                an administrator with the scope `admin`
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from sqlalchemy import Select, bindparam, func, or_, select, update
from starlette.requests import HTTPConnection

from backend.core.database.engine import Autocommit, fetch_one
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.errors import Forbidden, InvalidToken, Unauthorized
from backend.core.services import Services
from backend.kit.tokens import token_hash
from backend.kit.vocabulary import ActorKind, Scope, UserRole
from backend.models import ApiKey, User, UserSession
from backend.rules.actor import Actor

API_KEY_PREFIX = "wu_"
TOKEN_URL = "/v1/auth/token"  # noqa: S105 - an address
CREDENTIAL, SESSION = "OAuth2PasswordBearer", "Session"
"""The security schemes' names in the OpenAPI document."""
LAST_USED_STEP = timedelta(minutes=5)
"""The precision of `last_used_at`: writing it on every request would cost more than it is worth."""


SCOPE_TEXTS = {
    Scope.FILES_READ: "View and download files.",
    Scope.FILES_WRITE: "Upload, change, and trash files.",
    Scope.SHARES_WRITE: "Share files and create links.",
    Scope.ADMIN: "Administer accounts.",
}
USER_SCOPES = frozenset({Scope.FILES_READ, Scope.FILES_WRITE, Scope.SHARES_WRITE})
ADMIN_SCOPES = USER_SCOPES | {Scope.ADMIN}


class ScopeRequired(Forbidden):
    """Your credential's scopes do not allow this."""

    code = "scope_required"


class SessionRequired(Forbidden):
    """This requires a signed-in session: an API key is not enough."""

    code = "session_required"


class AdminRequired(Forbidden):
    """Only administrators may do this."""

    code = "admin_required"


class _Account(NamedTuple):
    id: UUID
    email: str
    role: UserRole


class _Key(NamedTuple):
    id: UUID
    email: str
    role: UserRole
    key_id: UUID
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None


_ACTIVE_USERS = select(User.id, User.email, User.role).where(User.is_active)

BY_SESSION = Prepared(
    _Account,
    _ACTIVE_USERS.join(UserSession, UserSession.user_id == User.id).where(
        UserSession.id == bindparam("session_id", type_=UserSession.id.type),
        UserSession.revoked_at.is_(None),
    ),
)
BY_API_KEY = Prepared(
    _Key,
    _ACTIVE_USERS.add_columns(
        ApiKey.id.label("key_id"), ApiKey.scopes, ApiKey.expires_at, ApiKey.last_used_at
    )
    .join(ApiKey, ApiKey.user_id == User.id)
    .where(
        ApiKey.hash == bindparam("key_hash", type_=ApiKey.hash.type),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
    ),
)


class Principal(NamedTuple):
    """The authenticated caller of one request."""

    user_id: UUID
    email: str
    role: UserRole
    scopes: frozenset[str]
    session_id: UUID | None
    api_key_id: UUID | None
    actor: Actor


def own_scopes(role: UserRole) -> frozenset[Scope]:
    """Every scope that an account with this role can hold or give to an API key."""
    return ADMIN_SCOPES if role == UserRole.ADMIN else USER_SCOPES


def caller(connection: HTTPConnection) -> Actor:
    """The actor of a request that carries no credential."""
    return _actor(connection, ActorKind.ANONYMOUS, None)


def _actor(connection: HTTPConnection, kind: ActorKind, actor_id: UUID | None) -> Actor:
    ip = connection.client.host if connection.client else None
    return Actor(kind, actor_id, ip, connection.scope.get("request_id"))


async def authenticate(connection: HTTPConnection) -> Principal:
    """Resolve the request's bearer credential, once per request.

    Raises:
        Unauthorized: no credential, or one that is unknown, expired, revoked, or whose account
            is deactivated.
    """
    known: Principal | None = connection.scope.get("principal")
    if known is None:
        known = await _resolve(connection, connection.app.state.services)
        connection.scope["principal"] = known
    return known


async def _resolve(connection: HTTPConnection, services: Services) -> Principal:
    """Ask the cache, or else the database; the actor carries this request's own address."""
    token, callers = _bearer(connection), services.callers
    cached: Principal | None = callers.get(token)
    if cached is None:
        epoch = callers.epoch
        cached, ends_at = await _look_up(services, token)
        callers.put(token, cached.user_id, cached, epoch, ends_at)
    return cached._replace(actor=_actor(connection, cached.actor.kind, cached.user_id))


def _bearer(connection: HTTPConnection) -> str:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Send an access token or an API key as a bearer token.")
    return token.strip()


async def _look_up(services: Services, token: str) -> tuple[Principal, float]:
    """Whose credential it is, and when it expires, as a Unix timestamp."""
    db = services.database.autocommit
    if token.startswith(API_KEY_PREFIX):
        return await _by_api_key(db, token)
    claims = services.tokens.verify(token, services.settings.auth.audience)
    return await _by_session(db, _session_of(claims)), claims["exp"]


def _session_of(claims: Mapping[str, Any]) -> UUID:
    try:
        return UUID(claims["sid"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken("The access token names no session.") from error


async def _by_session(db: Autocommit, session_id: UUID) -> Principal:
    user = await fetch_one(db, BY_SESSION, session_id=session_id)
    if user is None:
        raise InvalidToken("The session has ended.")
    actor = Actor(ActorKind.USER, user.id)
    return _principal(user, own_scopes(user.role), actor, session_id=session_id)


async def _by_api_key(db: Autocommit, key: str) -> tuple[Principal, float]:
    found = await fetch_one(db, BY_API_KEY, key_hash=token_hash(key))
    if found is None:
        raise InvalidToken("The API key is not valid.")
    await _note_use(db, found.key_id, found.last_used_at)
    # A key can do no more than its account: a former administrator's keys lose `admin`.
    scopes = own_scopes(found.role) & frozenset(found.scopes)
    ends_at = found.expires_at.timestamp() if found.expires_at else math.inf
    actor = Actor(ActorKind.API_KEY, found.id)
    return _principal(found, scopes, actor, api_key_id=found.key_id), ends_at


def _principal(
    user: _Account | _Key,
    scopes: frozenset[str],
    actor: Actor,
    *,
    session_id: UUID | None = None,
    api_key_id: UUID | None = None,
) -> Principal:
    return Principal(user.id, user.email, user.role, scopes, session_id, api_key_id, actor)


def require_scopes(principal: Principal, needed: Iterable[str]) -> None:
    """For what only the request itself shows to need more than its route declares.

    Raises:
        ScopeRequired: the credential lacks one of the scopes.
        AdminRequired: it is `admin`, and the account is no administrator's.
    """
    missing = set(needed) - principal.scopes
    if Scope.ADMIN in missing and principal.role != UserRole.ADMIN:
        raise AdminRequired
    if missing:
        raise ScopeRequired(f"This requires the scope {', '.join(sorted(missing))}.")


def require_session(principal: Principal) -> None:
    """Likewise, for what no API key may do.

    Raises:
        SessionRequired: the caller uses an API key.
    """
    if principal.session_id is None:
        raise SessionRequired


async def confirm(db: Db, principal: Principal) -> None:
    """Make sure that the credential has not ended since the request began.

    In a transaction, an API key cannot be deleted from here on: what it makes can refer to it.

    Raises:
        Unauthorized: it has.
    """
    key = select(ApiKey.id).where(ApiKey.id == principal.api_key_id)
    standing: Select[UUID] = key.with_for_update(read=True, key_share=True)
    if principal.session_id is not None:
        session = (UserSession.id == principal.session_id, UserSession.revoked_at.is_(None))
        standing = select(UserSession.id).where(*session)
    if (await db.execute(standing)).first() is None:
        raise InvalidToken("The credential has ended.")


async def _note_use(db: Autocommit, key_id: UUID, last_used_at: datetime | None) -> None:
    now = datetime.now(UTC)
    if last_used_at is None or now - last_used_at > LAST_USED_STEP:
        await db.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


class _WithScopes(OAuth2PasswordBearer):
    """What FastAPI documents as the scheme and calls for the principal; API keys count as well."""

    def __init__(self) -> None:
        texts = {scope.value: text for scope, text in SCOPE_TEXTS.items()}
        super().__init__(TOKEN_URL, scheme_name=CREDENTIAL, scopes=texts)

    async def __call__(  # type: ignore[override]  # a principal instead of the token
        self, connection: HTTPConnection, needed: SecurityScopes
    ) -> Principal:
        principal = await authenticate(connection)
        require_scopes(principal, needed.scopes)
        return principal


class _WithSession(OAuth2PasswordBearer):
    """The same for operations that an API key may never perform."""

    def __init__(self) -> None:
        super().__init__(TOKEN_URL, scheme_name=SESSION)

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection
    ) -> Principal:
        principal = await authenticate(connection)
        require_session(principal)
        return principal


_with_scopes, _with_session = _WithScopes(), _WithSession()

AnyCredential = Annotated[Principal, Security(_with_scopes)]
FilesRead = Annotated[Principal, Security(_with_scopes, scopes=[Scope.FILES_READ])]
FilesWrite = Annotated[Principal, Security(_with_scopes, scopes=[Scope.FILES_WRITE])]
SharesWrite = Annotated[Principal, Security(_with_scopes, scopes=[Scope.SHARES_WRITE])]
GrantsRead = Annotated[
    Principal, Security(_with_scopes, scopes=[Scope.SHARES_WRITE, Scope.FILES_READ])
]
Admin = Annotated[Principal, Security(_with_scopes, scopes=[Scope.ADMIN])]
SignedIn = Annotated[Principal, Security(_with_session)]
