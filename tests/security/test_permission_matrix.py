"""Calling what one may not: for every operation and caller, `TABLE` in `matrix.py` is right."""

from contextlib import nullcontext
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from backend.core.services import Services
from tests.security.matrix import BODIES, NAMED, ROWS, Row
from tests.security.scenes import Cast, Scene
from tests.support.operations import OPERATIONS

Json = dict[str, Any]


def needed_scopes(row: Row) -> list[str]:
    """The scopes the operation asks for."""
    security = OPERATIONS[row.operation].get("security", [])
    return [scope for scheme in security for scopes in scheme.values() for scope in scopes]


async def contents(services: Services) -> dict[str, str]:
    """A fingerprint of every table; only when a key was last used may change by itself."""
    async with services.database.transaction() as tx:
        tables = await tx.execute(
            text("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'")
        )
        rows = "string_agg((to_jsonb(t) - 'last_used_at')::text, ' ' ORDER BY t::text)"
        return {
            table: str((await tx.execute(text(f'SELECT md5({rows}) FROM "{table}" t'))).scalar())
            for table in sorted(tables.scalars())
        }


async def call(scene: Scene, row: Row, caller: str) -> httpx.Response:
    body = BODIES.get(row.operation)
    return await scene.call(caller, row.method, row.address, body, needed_scopes(row))


def test_every_operation_has_a_row() -> None:
    told = {row.operation for row in ROWS}

    assert OPERATIONS.keys() - told == set(), "add a row to TABLE in tests/security/matrix.py"
    assert told - OPERATIONS.keys() == set(), "gone: take its row out of TABLE in matrix.py"


def test_every_operation_that_needs_a_body_has_one() -> None:
    needing = {
        name
        for name, operation in OPERATIONS.items()
        if operation.get("requestBody", {}).get("required")
    }

    assert needing - BODIES.keys() == set(), "add a body to BODIES in tests/security/matrix.py"
    assert (BODIES.keys() | NAMED.keys()) - OPERATIONS.keys() == set(), "gone: take it out"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
class TestMatrix:
    async def test_the_refused_are_told_so_and_change_nothing(self, cast: Cast, row: Row) -> None:
        scene = Scene(cast)
        await scene.prepare(row.address, BODIES.get(row.operation))
        before = await contents(cast.services)

        answers = {caller: await call(scene, row, caller) for caller in row.refused}

        assert {caller: answer.status_code for caller, answer in answers.items()} == {
            caller: row.statuses[caller] for caller in row.refused
        }
        assert await contents(cast.services) == before

    async def test_the_allowed_are_served(self, cast: Cast, row: Row) -> None:
        statuses = {}
        for caller in row.served:
            async with cast.stand_in(caller) if row.ends_caller else nullcontext():
                statuses[caller] = (await call(Scene(cast), row, caller)).status_code

        assert statuses == {caller: row.statuses[caller] for caller in row.served}
