"""What a feature brings is known where it must be: routers, jobs, tables, modules named in text."""

import ast
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from fastapi import APIRouter
from sqlalchemy import Index, Table

from backend import features, models, worker
from backend.api import router
from backend.core.jobs.queue import JobTable
from backend.models import Base

BACKEND = Path(__file__).parents[1] / "backend"
T = TypeVar("T")


def modules() -> Iterator[ModuleType]:
    """Every module of every feature."""
    for found in pkgutil.walk_packages(features.__path__, f"{features.__name__}."):
        yield import_module(found.name)


def made_in_features(kind: type[T]) -> dict[str, T]:
    """What the features' modules define of a kind, by its name."""
    return {
        f"{module.__name__}.{name}": value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, kind)
    }


def test_every_router_is_in_the_table_of_contents() -> None:
    served = {id(route) for route in router.routes}
    missing = {
        name
        for name, part in made_in_features(APIRouter).items()
        if not served.issuperset(map(id, part.routes))
    }

    assert missing == set(), "add it to backend/api.py"


def test_every_job_is_known_to_the_worker() -> None:
    known = set(map(id, worker.JOB_TABLES))
    missing = {name for name, jobs in made_in_features(JobTable).items() if id(jobs) not in known}

    assert missing == set(), "add it to JOB_TABLES in backend/worker.py"


def test_every_table_stands_on_the_shelf() -> None:
    missing = {
        name
        for found in pkgutil.iter_modules(models.__path__, f"{models.__name__}.")
        for name, value in vars(import_module(found.name)).items()
        if isinstance(value, type) and issubclass(value, Base) and not hasattr(models, name)
    }

    assert missing == set(), "import it in backend/models/__init__.py"


def test_every_foreign_key_begins_an_index() -> None:
    """Or deleting what it refers to reads the whole table, once for each row deleted."""
    missing = {
        str(key.parent)
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.parent.name not in first_columns(table)
    }

    assert missing == set(), "give the column index=True, or an Index that begins with it"


def first_columns(table: Table) -> set[str]:
    """The first column of each of a table's indexes."""
    unique = [column.name for column in table.columns if column.unique]
    indexes = [index for index in table.indexes if isinstance(index, Index)]
    firsts = [next(iter(index.columns)).name for index in indexes if len(index.columns)]
    return {*unique, *firsts, next(iter(table.primary_key.columns)).name}


def test_every_module_named_in_text_exists() -> None:
    named = {
        argument.value
        for path in BACKEND.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }

    assert named
    assert {name for name in named if find_spec(name) is None} == set()
