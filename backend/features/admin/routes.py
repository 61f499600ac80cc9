"""`/v1/admin`."""

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
from backend.features.admin import accounts, overview
from backend.features.admin.schemas import Account, AccountUpdate, AuditEvent, EventFilter, Stats
from backend.features.users.errors import LastAdmin
from backend.rules.principal import Admin, AdminRequired, ScopeRequired, SessionRequired

router = APIRouter(
    prefix="/v1/admin", tags=["Administration"], route_class=Route, dependencies=[SettledCallers]
)
FORBIDDEN = (Unauthorized, AdminRequired, ScopeRequired)


@router.get("/users", summary="List accounts", responses=problems(*FORBIDDEN))
async def list_users(
    _principal: Admin,
    db: Statements,
    q: Annotated[
        str | None,
        Query(
            max_length=254,
            pattern=r"^[^\x00]*$",
            description="Part of an e-mail address or a name.",
        ),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Account]:
    """All accounts, newest first."""
    return await accounts.list_accounts(db, q, limit, cursor)


@router.patch(
    "/users/{user_id}",
    summary="Change an account",
    responses=problems(*FORBIDDEN, SessionRequired, NotFound, LastAdmin),
)
async def update_user(principal: Admin, tx: Tx, user_id: UUID, body: AccountUpdate) -> Account:
    """Set the quota or the role, or deactivate or reactivate the account.

    A quota below the current usage blocks new uploads and deletes nothing. With an API key, only
    the quota can be changed.
    """
    return await accounts.administer(tx, principal, user_id, body)


@router.get("/events", summary="Read the audit trail", responses=problems(*FORBIDDEN))
async def list_audit_events(
    _principal: Admin, db: Statements, wanted: Annotated[EventFilter, Query()]
) -> Page[AuditEvent]:
    """Every change to data or access rights, newest first."""
    return await overview.list_events(db, wanted)


@router.get("/stats", summary="Get statistics", responses=problems(*FORBIDDEN))
async def get_stats(_principal: Admin, db: Statements) -> Stats:
    """Counts of accounts, storage, uploads, links, and jobs."""
    return await overview.stats(db)
