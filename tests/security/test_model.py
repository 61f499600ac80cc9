"""Doing more than the rules promise: with a key of one scope, after one's removal, in the trash.

The rules are those of `model.py`, an oracle that is not the code; `TABLE` and the product must both
agree with it.
"""

from contextlib import nullcontext

import pytest

from tests.security.matrix import BODIES, ROWS, Row
from tests.security.model import ADDRESSES_NODE, CALLERS, RULES, expected
from tests.security.scenes import Cast, Scene, set_user
from tests.security.test_permission_matrix import call, contents, needed_scopes
from tests.support.operations import OPERATIONS

HARDER = [caller for caller in CALLERS if caller == "removed" or caller.startswith("key ")]
"""The callers whom the table has no column for."""
IN_TREE = [row for row in ROWS if any(name in row.path for name in ADDRESSES_NODE)]


def test_every_operation_has_a_rule() -> None:
    assert OPERATIONS.keys() - RULES.keys() == set(), "say in tests/security/model.py who may"
    assert RULES.keys() - OPERATIONS.keys() == set(), "gone: take it out of model.py"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_the_table_is_what_the_rules_say(row: Row) -> None:
    lacking = "key shares:write" if "files:read" in needed_scopes(row) else "key files:read"

    said = {
        name: expected(row.operation, CALLERS[lacking if name == "key" else name])
        for name in row.statuses
    }

    assert said == row.statuses


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
async def test_the_product_is_what_the_rules_say(cast: Cast, row: Row) -> None:
    scene = Scene(cast)
    await scene.prepare(row.address, BODIES.get(row.operation))
    said = {caller: expected(row.operation, CALLERS[caller]) for caller in HARDER}
    before = await contents(cast.services)

    refused = {c: (await call(scene, row, c)).status_code for c in HARDER if said[c] >= 400}
    unchanged = await contents(cast.services) == before
    served = {}
    for caller in (c for c in HARDER if said[c] < 400):
        async with cast.stand_in("removed") if row.ends_caller else nullcontext():
            served[caller] = (await call(Scene(cast), row, caller)).status_code

    assert refused | served == said
    assert unchanged


@pytest.mark.parametrize("row", IN_TREE, ids=lambda row: row.operation)
async def test_what_lies_in_the_trash_is_not_there(cast: Cast, row: Row) -> None:
    scene, callers = Scene(cast), ["viewer", "editor", "owner"]
    await scene.prepare(row.address, BODIES.get(row.operation))
    (
        await scene.owner.http.delete(f"/v1/folders/{await scene.get('folder_id')}")
    ).raise_for_status()

    answers = {caller: (await call(scene, row, caller)).status_code for caller in callers}

    assert answers == {c: expected(row.operation, CALLERS[c], trashed=True) for c in callers}


@pytest.mark.parametrize(
    "path", ["/v1/files/{file_id}", "/v1/files/{file_id}/download", "/v1/folders/{folder_id}"]
)
async def test_a_viewer_keeps_what_a_deactivated_owner_shared(cast: Cast, path: str) -> None:
    async with cast.stand_in("owner"):
        scene = Scene(cast)
        await scene.fill(path)
        await set_user(cast.services, scene.owner, is_active=False)

        answer = await scene.call("viewer", "GET", path, None, [])

    assert answer.status_code == expected(f"GET {path}", CALLERS["viewer"])
