"""The contract with clients: committed, and named so that client libraries can be made from it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from typer.testing import CliRunner

from backend.api import router
from backend.cli import app as cli
from backend.core.errors import ApiError
from backend.core.settings import Settings
from backend.main import create_app

COMMITTED = Path(__file__).parents[1] / "openapi.json"
DOCUMENT = create_app(Settings()).openapi()
OPERATIONS = [
    pytest.param(method, operation, id=f"{method.upper()} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
NOT_OF_OPERATIONS = {
    "conflict",  # what others stand for
    "forbidden",
    "gone",
    "email_taken",  # only `we-upload user` says so; registering tells nobody who has an account
}


def errors(kind: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    for error in kind.__subclasses__():
        yield error
        yield from errors(error)


def test_is_committed_as_the_code_has_it() -> None:
    current = CliRunner().invoke(cli, ["openapi"]).stdout

    assert COMMITTED.read_text() == current, "the contract has changed: run `make openapi`"


class TestNames:
    def test_of_operations_are_those_of_their_functions(self) -> None:
        functions = {
            route.endpoint.__name__
            for route in router.routes
            if isinstance(route, APIRoute) and route.include_in_schema
        }

        assert {
            operation["operationId"]
            for methods in DOCUMENT["paths"].values()
            for operation in methods.values()
        } == functions
        assert len(functions) == len(OPERATIONS)

    @pytest.mark.parametrize(("method", "operation"), OPERATIONS)
    def test_of_operations_are_short(self, method: str, operation: dict[str, Any]) -> None:
        assert re.fullmatch(r"[a-z]+(_[a-z]+){0,3}", operation["operationId"])

    @pytest.mark.parametrize(("method", "operation"), OPERATIONS)
    def test_of_bodies_tell_what_they_do(self, method: str, operation: dict[str, Any]) -> None:
        content = operation.get("requestBody", {}).get("content", {})
        names = re.findall(r"#/components/schemas/(\w+)", str(content))

        assert all(name.endswith("Update") for name in names if method == "patch")
        if "201" in operation["responses"]:
            assert all(name.endswith(("Create", "Request")) for name in names)

    def test_of_schemas_are_words(self) -> None:
        assert [name for name in DOCUMENT["components"]["schemas"] if not name.isalpha()] == []


class TestErrors:
    def test_every_code_is_known(self) -> None:
        ours = {error.code for error in errors() if error.__module__.startswith("backend.")}

        assert ours - NOT_OF_OPERATIONS == set(
            DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]
        )
