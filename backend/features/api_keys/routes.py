"""`/v1/api-keys`."""

from uuid import UUID

from fastapi import APIRouter

from backend.core.database.requests import Statements, Tx
from backend.core.errors import NotFound, Unauthorized
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import SettledCallers
from backend.features.api_keys import service
from backend.features.api_keys.errors import ExpiryInThePast, ScopeNotYours
from backend.features.api_keys.schemas import ApiKey, ApiKeyCreate, CreatedApiKey
from backend.rules.idempotency import (
    IdempotencyHeader,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
)
from backend.rules.principal import SessionRequired, SignedIn

router = APIRouter(
    prefix="/v1/api-keys",
    tags=["Accounts"],
    route_class=Route,
    dependencies=[SettledCallers],
)


@router.post(
    "",
    status_code=201,
    summary="Create an API key",
    responses=problems(
        Unauthorized,
        SessionRequired,
        ScopeNotYours,
        ExpiryInThePast,
        IdempotencyKeyReused,
        IdempotencyKeyInUse,
    ),
)
async def create_api_key(
    principal: SignedIn, tx: Tx, body: ApiKeyCreate, _key: IdempotencyHeader = None
) -> CreatedApiKey:
    """Create a credential for a program. Only this response ever contains `key`."""
    return await service.create_key(tx, principal, body)


@router.get("", summary="List your API keys", responses=problems(Unauthorized, SessionRequired))
async def list_api_keys(
    principal: SignedIn, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Page[ApiKey]:
    """Your keys, newest first, including expired ones."""
    return await service.list_keys(db, principal.user_id, limit, cursor)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke an API key",
    responses=problems(Unauthorized, SessionRequired, NotFound),
)
async def revoke_api_key(principal: SignedIn, tx: Tx, key_id: UUID) -> None:
    """The key stops working immediately."""
    await service.revoke_key(tx, principal, key_id)
