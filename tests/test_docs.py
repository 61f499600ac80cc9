"""The documentation is complete: what the product has, the pages name, and the other way round."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from backend.cli import COMMANDS
from backend.cli import app as cli
from backend.core.settings import Settings
from backend.kit.events import EventType, catalogue
from scripts import events
from tests.support.operations import DOCUMENT, OPERATIONS

ROOT = Path(__file__).parents[1]
DEV_ONLY = {"STORE_HOST", "DATA_DIR"}
EVERY_OPERATION = [pytest.param(operation, id=name) for name, operation in OPERATIONS.items()]


def variables(kind: type[BaseSettings]) -> Iterator[str]:
    """The environment variables a group of settings reads."""
    prefix = kind.model_config.get("env_prefix", "")
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings):
            yield from variables(field.annotation)
        else:
            yield str(field.validation_alias or f"{prefix}{name}".upper())


class TestSettings:
    page = (ROOT / "docs/settings.md").read_text()

    def test_every_setting_is_in_the_table(self) -> None:
        documented = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", self.page, re.MULTILINE))

        assert documented == set(variables(Settings)) | DEV_ONLY

    def test_every_row_says_what_it_means(self) -> None:
        rows = re.findall(r"^\| `[A-Z0-9_]+` \|[^|]*\|([^|]*)\|$", self.page, re.MULTILINE)

        assert len(rows) >= len(set(variables(Settings)))
        assert all(len(meaning.strip()) > 10 for meaning in rows)


class TestEvents:
    def test_are_listed_as_the_catalogue_has_them(self) -> None:
        assert events.PAGE.read_text() == events.page(), "run: make events"

    def test_are_in_the_catalogue_one_and_all(self) -> None:
        described = [kind for kind, _ in catalogue()]

        assert sorted(described) == sorted(EventType)


class TestCommands:
    block = re.search(
        r"```console\n(\$ we-upload serve.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    lines = re.findall(r"^\$ we-upload (.+?)(?: +#.*)?$", block[1] if block else "", re.MULTILINE)

    @pytest.mark.parametrize("line", lines)
    def test_each_of_the_readme_exists(self, line: str) -> None:
        assert CliRunner().invoke(cli, [*line.split(), "--help"]).exit_code == 0

    def test_each_that_exists_is_in_the_readme(self) -> None:
        first_words = {line.split()[0] for line in self.lines}

        assert first_words == set(COMMANDS)


class TestOpenApi:
    @pytest.mark.parametrize("operation", EVERY_OPERATION)
    def test_every_operation_tells_what_it_does(self, operation: dict[str, Any]) -> None:
        assert operation["summary"]
        assert operation.get("description"), "the route's docstring"
        assert operation["tags"]

    @pytest.mark.parametrize("operation", EVERY_OPERATION)
    def test_every_operation_declares_its_errors_by_code(self, operation: dict[str, Any]) -> None:
        errors = {
            status: answer for status, answer in operation["responses"].items() if status >= "4"
        }
        public = {} in operation.get("security", [{}])

        assert public or "401" in errors
        for answer in errors.values():
            assert list(answer["content"]) == ["application/problem+json"]
            assert answer["content"]["application/problem+json"]["examples"]

    @pytest.mark.parametrize("operation", EVERY_OPERATION)
    def test_every_answer_has_an_example(self, operation: dict[str, Any]) -> None:
        for status, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                if status < "3":
                    assert has_example(media), status

    @pytest.mark.parametrize("operation", EVERY_OPERATION)
    def test_every_body_has_an_example(self, operation: dict[str, Any]) -> None:
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert has_example(media)


def has_example(media: dict[str, Any]) -> bool:
    return "example" in media or "examples" in media or shows(media.get("schema", {}))


def shows(schema: dict[str, Any], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a schema, or any field of it, carries an example or speaks for itself."""
    if {"example", "examples", "enum", "const", "default"} & schema.keys() or schema.get("format"):
        return True
    if schema.get("type") in ("boolean", "integer", "number"):
        return True
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return name not in seen and shows(DOCUMENT["components"]["schemas"][name], seen | {name})
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", []),
        *schema.get("oneOf", []),
    ]
    inner += [schema["items"]] if "items" in schema else []
    return any(shows(part, seen) for part in inner)
