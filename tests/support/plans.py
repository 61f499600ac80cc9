"""The plans of whatever PostgreSQL runs for a process, told by its module auto_explain."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import asyncpg
import pytest

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

Plan = dict[str, Any]

AUTO_EXPLAIN = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "client_min_messages": "log",
}
"""Every statement leaves its plan in a message to the client."""


def explaining(url: str, mode: str) -> str:
    """The same database, whose statements tell their plans; `mode` is a `plan_cache_mode`."""
    return f"{url}?{urlencode({**AUTO_EXPLAIN, 'plan_cache_mode': mode})}"


@contextmanager
def told_plans() -> Iterator[list[Plan]]:
    """The plans told on every connection that is opened meanwhile, in order."""
    plans: list[Plan] = []

    class Telling(Connection):
        """Hears the server itself: asyncpg's pool forgets listeners after each statement."""

        def _process_log_message(self, fields: dict[str, str], _last_query: str) -> None:
            _, is_plan, document = fields["M"].partition("plan:")
            if is_plan:
                plans.append(json.loads(document)["Plan"])

    async def connect_telling(*arguments: Any, **options: Any) -> Any:
        return await connect(*arguments, **{**options, "connection_class": Telling})

    connect = asyncpg.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg, "connect", connect_telling)
        yield plans


def scanned_tables(plan: Plan) -> Iterator[str]:
    """The tables that a plan reads from end to end; the catalogue, which asyncpg asks, aside."""
    if plan["Node Type"] == "Seq Scan" and not plan["Relation Name"].startswith("pg_"):
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from scanned_tables(part)
