"""Problem documents as the OpenAPI document describes them."""

from typing import Any

from pydantic import BaseModel, Field

from backend.core.errors import ApiError, DependencyUnavailable, TooManyRequests


class Problem(BaseModel):
    """An error (RFC 9457). Branch on `code`, show `detail` to users, report `request_id`."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["This does not exist, or you do not have access to it."])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["This does not exist, or you do not have access to it."])
    code: str = Field(
        examples=["not_found"],
        description="What happened, for programs. Later versions may add codes: handle an "
        "unknown one by its `status`.",
    )
    request_id: str | None = Field(examples=["0199c0de7e5d7c0a8d1f6c1b2a3f4e5d"])
    errors: list[dict[str, Any]] | None = None


def problems(*errors: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the errors an operation declares, with several codes per status."""
    by_status: dict[int | str, list[type[ApiError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {status: _response(kinds) for status, kinds in by_status.items()}


def _response(kinds: list[type[ApiError]]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": " · ".join(f"`{kind.code}`: {kind.title_of()}" for kind in kinds),
        "content": {
            "application/problem+json": {
                # By reference: a `model` would be declared as application/json.
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
            }
        },
    }
    if kinds[0].status in {TooManyRequests.status, DependencyUnavailable.status}:
        response["headers"] = {
            "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}
        }
    return response


def _example(kind: type[ApiError]) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": kind.title_of(),
        "status": kind.status,
        "detail": kind.title_of(),
        "code": kind.code,
        "request_id": "0199c0de7e5d7c0a8d1f6c1b2a3f4e5d",
    }
