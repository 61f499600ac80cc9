"""The OpenAPI document: what FastAPI reads from the routes, and once what holds for all of them.

A route declares only the errors of its own. That a body may be too large, a credential missing or
the database away is true everywhere, so it is written here.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from backend.core.errors import (
    ApiError,
    BadRequest,
    BodyTooLarge,
    DependencyUnavailable,
    InvalidToken,
    RequestTimeout,
    TooManyRequests,
    Unauthorized,
    UnknownCursor,
    Unprocessable,
)
from backend.core.http.problem_schema import Problem, problems
from backend.rules.idempotency import IdempotencyKeyInUse, IdempotencyKeyReused
from backend.rules.principal import CREDENTIAL, SESSION, ScopeRequired, SessionRequired

Json = dict[str, Any]

PROBLEM = "application/problem+json"
UNLOCK: Json = {"LinkUnlock": []}
OPERATING = {"/health", "/ready", "/metrics"}


class DescribedApi(FastAPI):
    """FastAPI with the completed document."""

    def openapi(self) -> Json:
        """The document, made once."""
        if self.openapi_schema is None:
            _complete(super().openapi())
        return self.openapi_schema or {}


def _complete(document: Json) -> None:
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operation in _operations(document):
        _let_security_be_optional(operation)
        _declare(operation, *_common_errors(path, operation))
        operation["responses"] = dict(sorted(operation["responses"].items()))


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _common_errors(path: str, operation: Json) -> Iterator[type[ApiError]]:
    """What any operation of this shape can answer."""
    if path in OPERATING:
        return
    yield from (TooManyRequests, DependencyUnavailable)
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    if parameters or "requestBody" in operation:
        yield Unprocessable
    if "requestBody" in operation:
        yield from (BadRequest, RequestTimeout, BodyTooLarge)
    if "Idempotency-Key" in parameters:
        yield from (Unauthorized, IdempotencyKeyInUse, IdempotencyKeyReused)
    if "cursor" in parameters:
        yield UnknownCursor
    for scheme in operation.get("security", ()):
        yield from _refusals(scheme)


def _refusals(scheme: Json) -> Iterator[type[ApiError]]:
    """What a credential of this scheme, with these scopes, may be told."""
    if scheme.keys() & {CREDENTIAL, SESSION}:
        yield from (Unauthorized, InvalidToken)
    if SESSION in scheme:
        yield SessionRequired
    if scheme.get(CREDENTIAL):
        yield ScopeRequired


def _let_security_be_optional(operation: Json) -> None:
    """Links without a password open without a token."""
    if UNLOCK in operation.get("security", ()):
        operation["security"].insert(0, {})


def _declare(operation: Json, *errors: type[ApiError]) -> None:
    """Add errors to those that the operation declares itself."""
    responses = operation["responses"]
    for status, answer in problems(*errors).items():
        known = responses.get(str(status))
        if known is None or PROBLEM not in known["content"]:  # FastAPI's own 422 is not ours
            responses[str(status)] = answer
            continue
        examples = known["content"][PROBLEM]["examples"]
        for code, example in answer["content"][PROBLEM]["examples"].items():
            if code not in examples:
                examples[code] = example
                known["description"] += f" · `{code}`: {example['value']['title']}"
