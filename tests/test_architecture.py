"""The plan of the house, kept by a test: what it forbids does not pass."""

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "backend").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ROOMS = sorted(
    room
    for parent in ("core", "features")
    for room in (ROOT / "backend" / parent).iterdir()
    if (room / "__init__.py").exists()
)
MAX_FILE, MAX_TEST_FILE, MAX_FUNCTION = 300, 350, 50
MAX_ROOM_FILES, MAX_ROOM = 12, 1500
LIMITS = {"main.py": 120, "worker.py": 120, "api.py": 50}
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


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno
    return node.end_lineno - node.lineno + 1


class TestImports:
    def test_arrows_point_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(ROOT)

        assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS

    def test_no_module_imports_itself_by_a_detour(self) -> None:
        graph = grimp.build_graph("backend", cache_dir=None)

        cycles = [
            f"{importer} -> {imported}"
            for importer in graph.modules
            for imported in graph.find_modules_directly_imported_by(importer)
            if graph.chain_exists(imported, importer)
        ]

        assert cycles == []

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


class TestTransactions:
    @pytest.mark.parametrize("path", SOURCES, ids=name_of)
    def test_only_the_edge_commits(self, path: Path) -> None:
        commits = [
            f"{name_of(path)}:{node.lineno}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
        ]

        assert commits == [] or name_of(path) == "backend/core/database/engine.py"
