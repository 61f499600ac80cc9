"""The operations of the product, from its OpenAPI document: no test keeps a list of them."""

import re
from typing import Any

from backend.core.settings import Settings
from backend.main import create_app

Json = dict[str, Any]

DOCUMENT: Json = create_app(Settings()).openapi()
OPERATIONS: dict[str, Json] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
"""By name: `GET /v1/files/{file_id}`."""


def parameters(operation: str, place: str) -> set[str]:
    """The names of an operation's parameters in its `path` or `query`."""
    declared = OPERATIONS[operation].get("parameters", [])
    return {parameter["name"] for parameter in declared if parameter["in"] == place}


PAGED = sorted(name for name in OPERATIONS if "cursor" in parameters(name, "query"))
"""The operations that give a list page by page."""

IDS = sorted({name for path in DOCUMENT["paths"] for name in re.findall(r"\{(\w+)\}", path)})
"""What paths call the things they name: `file_id`, `token`, ..."""
