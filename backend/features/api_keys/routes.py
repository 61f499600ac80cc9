"""`/v1/api-keys`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from backend.core.database.requests import Statements, Tx
from backend.core.errors import NotFound, Unauthorized
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import SettledCallers
from backend.features.api_keys import grants, service
from backend.features.api_keys.errors import ExpiryInThePast, ScopeNotYours
from backend.features.api_keys.schemas import ApiKey, ApiKeyCreate, CreatedApiKey, KeyGrant
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
EndGrants = Annotated[
    bool, Query(description="Also end the links and shares that `/grants` lists for the key.")
]


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


@router.get(
    "/{key_id}/grants",
    summary="List what an API key has given others",
    responses=problems(Unauthorized, SessionRequired, NotFound),
)
async def list_key_grants(
    principal: SignedIn, db: Statements, key_id: UUID, limit: Limit = 100, cursor: Cursor = None
) -> Page[KeyGrant]:
    """The links that the key made and the shares whose role it gave, newest first.

    Lists what still stands: no revoked links, and only shares of files and folders that you own.
    Once the key is revoked, they are no longer known to be its own.
    """
    return await grants.list_grants(db, principal.user_id, key_id, limit, cursor)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke an API key",
    responses=problems(Unauthorized, SessionRequired, NotFound),
)
async def revoke_api_key(
    principal: SignedIn, tx: Tx, key_id: UUID, end_grants: EndGrants = False
) -> None:
    """The key stops working immediately. The links and shares that it made remain by default."""
    await service.revoke_key(tx, principal, key_id, with_grants=end_grants)
