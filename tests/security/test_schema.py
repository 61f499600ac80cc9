"""Calling at random: the OpenAPI document is what happens, whatever is sent, in whatever order.

schemathesis asks the API over HTTP, with the ids of real things and with nonsense, as an owner who
is also an administrator. It looks for server errors, for answers the document does not know, for
operations that forget to ask who calls, and for things that live on after they were deleted.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.security.matrix import NAMED
from tests.security.scenes import Cast, Scene, set_user
from tests.support.operations import IDS

ROOT = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
NOT_CHECKED = (
    "positive_data_acceptance",  # a name may be taken, and nobody can make up a cursor
    "negative_data_rejection",  # a time may also be a number of seconds
    "unsupported_method",  # PATCH /v1/folders/root is a PATCH of a folder with a bad id
    "allow_header_conformance",  # `Allow` names the methods of one of an address's routes
)


async def real_ids(cast: Cast) -> dict[str, list[str]]:
    """What there is to ask for, by the names that a scene gives it."""
    scenes = [Scene(cast) for _ in range(3)]
    meant = {name for names in NAMED.values() for name in names}
    names = {*IDS, *(thing for names in NAMED.values() for thing in names.values())} - meant
    ids = {name: [await scene.get(name) for scene in scenes] for name in names}
    # Whom the administrator administers is not the administrator, who would be locked out.
    return ids | {"user_id": [(await cast.register()).id]}


def configuration(ids: dict[str, list[str]]) -> str:
    """Mostly real ids; else what the generator comes up with."""
    lines = [
        *("[phases.fuzzing.generation]", "max-examples = 6"),
        *("[phases.stateful]", "max-steps = 12"),
        *("[phases.stateful.generation]", "max-examples = 60"),
    ]
    for name, values in ids.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
        lines += drawn("parameters", name, name)
    for operation, names in NAMED.items():
        lines += ["[[operations]]", f'include-name = "{operation}"']
        for name, thing in names.items():
            lines += drawn("operations.parameters", name, thing)
    # Ends the account that asks; the permission matrix has it.
    lines += ["[[operations]]", 'include-name = "DELETE /v1/users/me"', "enabled = false"]
    return "\n".join(lines)


def drawn(table: str, name: str, thing: str) -> list[str]:
    """Take the values of the parameters called `name` from the dictionary `thing`."""
    lines = []
    for place in ("path", "query", "body"):
        lines += [f'[{table}."{place}.{name}"]', f'dictionary = "{thing}"', "probability = 0.7"]
    return lines


@pytest.mark.timeout(300)
async def test_the_document_tells_every_answer(cast: Cast, tmp_path: Path) -> None:
    async with cast.stand_in("owner"):
        owner = cast.people["owner"]
        await set_user(cast.services, owner, role="admin")
        (tmp_path / "schemathesis.toml").write_text(configuration(await real_ids(cast)))

        command: list[str | Path] = [
            *(SCHEMATHESIS, "run", f"{owner.url}/openapi.json", "--no-color", "--no-shrink"),
            *("--seed", "20261121", "--continue-on-failure"),
            *("--exclude-checks", ",".join(NOT_CHECKED), "--warnings", "off"),
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.security.schemathesis_hooks",
                "FUZZ_URL": owner.url,
                "FUZZ_EMAIL": owner.email,
                "FUZZ_PASSWORD": owner.password,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()

    sys.stdout.write(output.decode())
    assert process.returncode == 0, output.decode()[-8000:]
