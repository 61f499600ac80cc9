"""`/v1/auth`: tokens and sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Header, Request, Response

from backend.core.database.requests import CurrentDatabase, Statements, Tx
from backend.core.errors import NotFound, TooManyRequests, Unauthorized
from backend.core.http.pages import Cursor, Limit
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.http.schema import Page
from backend.core.services import (
    CurrentLimiter,
    CurrentPasswords,
    CurrentSettings,
    CurrentTokens,
    SettledCallers,
)
from backend.features.auth import sessions, sign_in
from backend.features.auth.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshTokenReused,
)
from backend.features.auth.schemas import RefreshRequest, Session, SignIn, Tokens
from backend.rules.principal import SessionRequired, SignedIn, caller


def _never_cached(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"  # RFC 6749, 5.1


router = APIRouter(
    prefix="/v1/auth",
    tags=["Accounts"],
    route_class=Route,
    dependencies=[Depends(_never_cached), SettledCallers],
)
UserAgent = Annotated[str | None, Header(include_in_schema=False)]


@router.post("/token", summary="Sign in", responses=problems(InvalidCredentials, TooManyRequests))
async def login(
    request: Request,
    form: Annotated[SignIn, Form()],
    database: CurrentDatabase,
    limiter: CurrentLimiter,
    passwords: CurrentPasswords,
    tokens: CurrentTokens,
    settings: CurrentSettings,
    user_agent: UserAgent = None,
) -> Tokens:
    """Exchange an e-mail address (`username`) and a password for tokens (OAuth 2.0, `password`).

    An unknown address, a wrong password, and a deactivated account all get the same answer.
    """
    return await sign_in.sign_in(
        database, limiter, passwords, tokens, settings.auth, caller(request), form, user_agent
    )


@router.post(
    "/refresh",
    summary="Refresh tokens",
    responses=problems(InvalidRefreshToken, RefreshTokenReused),
)
async def refresh_tokens(
    request: Request,
    body: RefreshRequest,
    database: CurrentDatabase,
    tokens: CurrentTokens,
    settings: CurrentSettings,
) -> Tokens:
    """Exchange a refresh token for new tokens. Each refresh token works once.

    Using one a second time ends its session, so do not refresh concurrently, and sign in again if
    a response is lost.
    """
    return await sessions.refresh(
        database, tokens, settings.auth, caller(request), body.refresh_token
    )


@router.post("/logout", status_code=204, summary="Sign out")
async def logout(request: Request, body: RefreshRequest, tx: Tx) -> None:
    """End the token's session: its access tokens stop working immediately.

    An unknown token also gets 204.
    """
    await sessions.sign_out(tx, caller(request), body.refresh_token)


@router.get(
    "/sessions",
    summary="List your sessions",
    responses=problems(Unauthorized, SessionRequired),
)
async def list_sessions(
    principal: SignedIn, db: Statements, limit: Limit = 100, cursor: Cursor = None
) -> Page[Session]:
    """The places where you are signed in, newest first."""
    return await sessions.list_sessions(db, principal.user_id, principal.session_id, limit, cursor)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End a session",
    responses=problems(Unauthorized, SessionRequired, NotFound),
)
async def end_session(principal: SignedIn, tx: Tx, session_id: UUID) -> None:
    """Sign a device out, possibly the one that you are using."""
    await sessions.end_session(tx, principal.actor, principal.user_id, session_id)
