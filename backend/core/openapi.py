"""What FastAPI's description of the API leaves out or gets wrong about errors, put right once.

Every error is a problem document: also the ones no route raises itself, a malformed request and a
missing credential.
"""

from typing import Any

from fastapi import FastAPI

from backend.core.errors import Unauthorized, Unprocessable
from backend.core.schema import problems

Json = dict[str, Any]

FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
PROBLEM = {"$ref": "#/components/schemas/Problem"}
MEDIA_TYPE = "application/problem+json"


class DescribedApi(FastAPI):
    """FastAPI with a description that tells every error."""

    def openapi(self) -> Json:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(document: Json) -> Json:
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"] = _with_errors(operation)
    for name in FRAMEWORKS_OWN:
        document["components"]["schemas"].pop(name, None)
    return document


def _with_errors(operation: Json) -> Json:
    responses: Json = operation["responses"]
    if FRAMEWORKS_OWN[0] in str(responses.get("422")):
        responses["422"] = _answer(Unprocessable)
    if operation.get("security"):
        responses.setdefault("401", _answer(Unauthorized))
    for status, answer in responses.items():
        if status >= "400":
            examples = answer["content"].pop(MEDIA_TYPE)
            answer["content"] = {MEDIA_TYPE: {"schema": PROBLEM, **examples}}
    return dict(sorted(responses.items()))


def _answer(error: type[Unauthorized | Unprocessable]) -> Json:
    answer = problems(error)[error.status]
    return {"description": answer["description"], "content": answer["content"]}
