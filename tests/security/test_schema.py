"""schemathesis: the OpenAPI document is what happens, whatever is sent, in whatever order.

It asks the running API over HTTP, with the ids of real things and with nonsense, as an owner who
is also an administrator. It looks for server errors, for answers the document does not know, for
operations that forget to ask who calls, and for things that live on after they were deleted.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.security.scenes import Cast, Scene, set_user

ROOT = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
IDS = [
    "folder_id",
    "file_id",
    "version_id",
    "node_id",
    "upload_id",
    "share_id",
    "link_id",
    "token",
    "key_id",
    "session_id",
]
NOT_CHECKED = (
    "positive_data_acceptance",  # a name may be taken, and nobody can make up a cursor
    "negative_data_rejection",  # a time may also be a number of seconds
    "unsupported_method",  # PATCH /v1/folders/root is a PATCH of a folder with a bad id
    "allow_header_conformance",  # `Allow` names the methods of one of an address's routes
)


async def real_ids(cast: Cast) -> dict[str, list[str]]:
    """What there is to ask for, by the name that paths and bodies give it."""
    scenes = [Scene(cast) for _ in range(3)]
    ids = {name: [await scene.get(name) for scene in scenes] for name in IDS}
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
        for place in ("path", "query", "body"):
            lines += [
                f'[parameters."{place}.{name}"]',
                f'dictionary = "{name}"',
                "probability = 0.7",
            ]
    # Ends the account that asks; the permission matrix has it.
    lines += ["[[operations]]", 'include-name = "DELETE /v1/users/me"', "enabled = false"]
    return "\n".join(lines)


@pytest.mark.timeout(300)
async def test_the_document_tells_every_answer(cast: Cast, tmp_path: Path) -> None:
    async with cast.stand_in("owner"):
        owner = cast.people["owner"]
        await set_user(cast.services, owner, role="admin")
        (tmp_path / "schemathesis.toml").write_text(configuration(await real_ids(cast)))

        command = [
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
