"""Turns every exception that leaves a route into a problem document (RFC 9457)."""

from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from backend.core.database.pools import TRANSIENT
from backend.core.errors import (
    ApiError,
    BadRequest,
    BodyTooLarge,
    DependencyUnavailable,
    MethodNotAllowed,
    NotFound,
    UnknownCursor,
    Unprocessable,
)
from backend.kit.cursors import InvalidCursor

log = structlog.stdlib.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_REPORTED_ERRORS = 20
NO_OBJECT = "The body is not a JSON object: send one with Content-Type: application/json."


def problem(request_id: str | None, error: ApiError) -> Response:
    """Render `error` as a response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title_of(),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        body["errors"] = error.errors
    return Response(
        orjson.dumps(body),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers={**error.headers, "Cache-Control": "no-store"},
    )


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(InvalidCursor, _invalid_cursor)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_fault)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - narrows what Starlette hands over
    return problem(request.scope.get("request_id"), error)


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [
        # `input` and `ctx` are left out: they may repeat a password.
        {"loc": [str(part) for part in item["loc"]], "msg": item["msg"], "type": item["type"]}
        for item in error.errors()[:MAX_REPORTED_ERRORS]
    ]
    detail = (
        NO_OBJECT
        if _no_object(errors)
        else "; ".join(f"{'.'.join(item['loc'])}: {item['msg']}" for item in errors[:3])
    )
    return problem(request.scope.get("request_id"), Unprocessable(detail, errors=errors))


def _no_object(errors: list[dict[str, Any]]) -> bool:
    return [(item["loc"], item["type"]) for item in errors] == [(["body"], "model_attributes_type")]


async def _invalid_cursor(request: Request, _error: Exception) -> Response:
    return problem(request.scope.get("request_id"), UnknownCursor())


# What Starlette and FastAPI raise themselves.
HTTP_ERRORS = {kind.status: kind for kind in (BadRequest, NotFound, MethodNotAllowed, BodyTooLarge)}


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    # FastAPI reports any error while the body arrives as a parse error, and keeps the cause.
    if isinstance(error.__cause__, ApiError):
        return await _api_error(request, error.__cause__)
    kind = HTTP_ERRORS.get(error.status_code, BadRequest)
    answer = kind(headers=dict(error.headers or {}))
    return problem(request.scope.get("request_id"), answer)


async def _database_fault(request: Request, error: Exception) -> Response:
    """A database that does not respond is a 503; a statement it refuses is our bug, a 500."""
    assert isinstance(error, DBAPIError)  # noqa: S101
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    if sqlstate and not sqlstate.startswith(TRANSIENT):
        raise error
    log.warning("database unavailable", error=type(error).__name__, sqlstate=sqlstate)
    fault = DependencyUnavailable("The database is not responding: try again shortly.")
    return problem(request.scope.get("request_id"), fault)
