"""The OpenAPI document: what FastAPI reads from the routes, completed with what is common to all.

A route declares only its own errors. That a body may be too large, a credential missing or the
database unavailable is true everywhere, so it is added here.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import FastAPI

from backend.core.errors import (
    ApiError,
    BadRequest,
    BodyTooLarge,
    DependencyUnavailable,
    InvalidToken,
    MethodNotAllowed,
    RequestTimeout,
    TooManyRequests,
    Unauthorized,
    UnknownCursor,
    Unprocessable,
)
from backend.core.http.edge import InternalError
from backend.core.http.problem_schema import Problem, problems
from backend.rules.idempotency import IdempotencyKeyInUse, IdempotencyKeyReused
from backend.rules.principal import CREDENTIAL, SESSION, ScopeRequired, SessionRequired

Json = dict[str, Any]

PROBLEM = "application/problem+json"
PAGE_NAME = re.compile(rb"\bPage_(\w+)_\b")
UNLOCK: Json = {"LinkUnlock": []}
OPERATING = {"/health", "/ready", "/metrics"}


class DescribedApi(FastAPI):
    """FastAPI with the completed document."""

    def openapi(self) -> Json:
        """The document, built once."""
        if self.openapi_schema is None:
            document = _with_names_of_pages(super().openapi())
            _complete(document)
            self.openapi_schema = document
        return self.openapi_schema


def _with_names_of_pages(document: Json) -> Json:
    """`FilePage` where pydantic says `Page_File_`: client libraries name their types after it."""
    named: Json = orjson.loads(PAGE_NAME.sub(rb"\1Page", orjson.dumps(document)))
    return named


def _complete(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operation in _operations(document):
        _let_security_be_optional(operation)
        _declare(operation, *_common_errors(path, operation))
        operation["responses"] = dict(sorted(operation["responses"].items()))
    examples = document["components"]["examples"] = _shared_examples(document)
    _describe_problems(schemas, set(examples))


def _describe_problems(schemas: Json, codes: set[str]) -> None:
    """The error document, with its codes as an open enumeration: known ones or any string."""
    anywhere = {InternalError.code, MethodNotAllowed.code}
    schemas["ErrorCode"] = {
        "type": "string",
        "title": "ErrorCode",
        "description": "Every code that this version uses; each operation lists its own.",
        "enum": sorted(codes | anywhere),
    }
    schemas["Problem"] = problem = Problem.model_json_schema()
    code = problem["properties"]["code"]
    code["anyOf"] = [{"$ref": "#/components/schemas/ErrorCode"}, {"type": code.pop("type")}]


def _shared_examples(document: Json) -> Json:
    """One example for each code, which the operations refer to."""
    shared: Json = {}
    for _, operation in _operations(document):
        for answer in operation["responses"].values():
            examples = answer.get("content", {}).get(PROBLEM, {}).get("examples", {})
            for code in examples:
                shared.setdefault(code, examples[code])
                examples[code] = {"$ref": f"#/components/examples/{code}"}
    return shared


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _common_errors(path: str, operation: Json) -> Iterator[type[ApiError]]:
    """The errors that any operation of this shape can return."""
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
    """The errors for credentials of this scheme with these scopes."""
    if scheme.keys() & {CREDENTIAL, SESSION}:
        yield from (Unauthorized, InvalidToken)
    if SESSION in scheme:
        yield SessionRequired
    if scheme.get(CREDENTIAL):
        yield ScopeRequired


def _let_security_be_optional(operation: Json) -> None:
    """Make the unlock token optional: links without a password need none."""
    if UNLOCK in operation.get("security", ()):
        operation["security"].insert(0, {})


def _declare(operation: Json, *errors: type[ApiError]) -> None:
    """Add errors to those that the operation itself declares."""
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
