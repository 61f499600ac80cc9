"""The plan of the house, kept by a test: what it forbids does not pass."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import grimp
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from backend import features
from backend.api import router as product
from backend.core.http.route import Route
from backend.kit.events import EventType

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "backend").rglob("*.py"))
CATALOGUE = ROOT / "backend/kit/events"
OUTSIDE_THE_CATALOGUE = [path for path in SOURCES if not path.is_relative_to(CATALOGUE)]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ROOMS = sorted(
    room
    for parent in ("core", "features")
    for room in (ROOT / "backend" / parent).iterdir()
    if (room / "__init__.py").exists()
)
MAX_FILE, MAX_TEST_FILE, MAX_FUNCTION = 300, 350, 50
MAX_ROOM_FILES, MAX_ROOM = 12, 1500
LIMITS = {"main.py": 120, "worker.py": 120}
VAGUE = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "base_service",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def loaded_by_name() -> Iterator[tuple[Path, str]]:
    """Which modules load which of ours by `import_module` and a constant name."""
    for path in SOURCES:
        for name in re.findall(r'import_module\("(backend\.[\w.]+)"\)', path.read_text()):
            yield path, name


def inserts_event(call: ast.Call) -> bool:
    """Whether it is `insert(Event)`, or runs an INSERT into the table written as text."""
    if ast.unparse(call.func).endswith("insert"):
        return any(isinstance(one, ast.Name) and one.id == "Event" for one in ast.walk(call))
    return bool(re.search(r"insert\s+into\s+events", ast.unparse(call), re.IGNORECASE))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno
    return node.end_lineno - node.lineno + 1


class TestImports:
    def test_arrows_point_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(ROOT)

        assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS

    def test_no_module_imports_itself_by_a_detour(self) -> None:
        graph = grimp.build_graph("backend", cache_dir=None)
        for path, loaded in loaded_by_name():
            graph.add_import(importer=module_of(path), imported=loaded)

        cycles = [
            f"{importer} -> {imported}"
            for importer in graph.modules
            for imported in graph.find_modules_directly_imported_by(importer)
            if graph.chain_exists(imported, importer)
        ]

        assert cycles == []

    def test_what_is_loaded_by_name_exists(self) -> None:
        modules = {module_of(path) for path in SOURCES}

        assert {loaded for _, loaded in loaded_by_name()} <= modules

    @pytest.mark.parametrize("path", SOURCES, ids=name_of)
    def test_imports_stand_at_the_top(self, path: Path) -> None:
        inside = [
            f"{name_of(path)}:{node.lineno}"
            for function in functions(path)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]

        assert inside == []


class TestSize:
    @pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name_of)
    def test_a_file_can_be_read_in_one_sitting(self, path: Path) -> None:
        lines = len(path.read_text().splitlines())

        limit = MAX_TEST_FILE if path in TESTS else LIMITS.get(path.name, MAX_FILE)
        assert lines <= limit

    @pytest.mark.parametrize("room", ROOMS, ids=name_of)
    def test_a_room_is_one_room(self, room: Path) -> None:
        files = [path for path in room.rglob("*.py") if path.name != "__init__.py"]

        assert len(files) <= MAX_ROOM_FILES
        assert sum(len(path.read_text().splitlines()) for path in files) <= MAX_ROOM

    @pytest.mark.parametrize("path", SOURCES, ids=name_of)
    def test_a_function_fits_on_a_screen(self, path: Path) -> None:
        long = {node.name: length(node) for node in functions(path) if length(node) > MAX_FUNCTION}

        assert long == {}


class TestNames:
    def test_no_file_is_named_after_nothing(self) -> None:
        assert [name_of(path) for path in SOURCES if path.stem in VAGUE] == []

    def test_every_feature_says_what_it_is_for(self) -> None:
        for package in (ROOT / "backend").rglob("__init__.py"):
            assert ast.get_docstring(tree(package)), name_of(package)

    def test_migrations_are_no_package_and_hide_no_library(self) -> None:
        assert not (ROOT / "alembic/__init__.py").exists()


class TestRouters:
    def test_every_one_is_in_the_table_of_contents(self) -> None:
        served = {id(route) for route in product.routes}
        forgotten = [
            f"{module.name}.{name}"
            for module in walk_packages(features.__path__, f"{features.__name__}.")
            for name, value in vars(import_module(module.name)).items()
            if isinstance(value, APIRouter) and not {id(one) for one in value.routes} <= served
        ]

        assert forgotten == []

    def test_every_operation_is_a_route_of_ours(self) -> None:
        others = [
            route.path
            for route in product.routes
            if isinstance(route, APIRoute) and not isinstance(route, Route)
            if route.include_in_schema
        ]

        assert others == []


class TestEvents:
    def test_are_written_by_the_record_alone(self) -> None:
        """Beginning an upload carries its event along in one statement."""
        writers = {
            name_of(path)
            for path in SOURCES
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and inserts_event(node)
        }

        assert writers == {"backend/rules/events.py", "backend/features/uploads/queries.py"}

    @pytest.mark.parametrize("path", OUTSIDE_THE_CATALOGUE, ids=name_of)
    def test_are_named_by_the_catalogue(self, path: Path) -> None:
        named = [
            f"{name_of(path)}:{node.lineno}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant) and node.value in set(EventType)
        ]

        assert named == []


class TestTransactions:
    @pytest.mark.parametrize("path", SOURCES, ids=name_of)
    def test_only_the_edge_commits(self, path: Path) -> None:
        commits = [
            f"{name_of(path)}:{node.lineno}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
        ]

        assert commits == [] or name_of(path) == "backend/core/database/engine.py"
