"""What an operator sees."""

import json

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update

from backend.core.services import Services
from backend.features.fsck.jobs import report
from backend.models import Space
from tests.features.fsck.conftest import Run
from tests.support.people import Person, Register


@pytest.fixture
async def ada_miscounted(services: Services, register: Register) -> Person:
    ada = await register("ada")
    await services.database.autocommit.execute(
        update(Space).where(Space.id == ada.id).values(used_bytes=7)
    )
    return ada


async def test_nothing_found(run: Run) -> None:
    result = await run()

    assert result.exit_code == 0
    assert "no problems found" in result.stdout


async def test_a_table_and_its_exit_code(run: Run, ada_miscounted: Person) -> None:
    result = await run("--older-than", "PT1H")

    assert result.exit_code == 3
    assert "used_bytes" in result.stdout
    assert "7 bytes recorded, 0 counted" in result.stdout
    await run("--repair")


async def test_json_lines_that_end_with_a_summary(run: Run, ada_miscounted: Person) -> None:
    result = await run("--json", "--repair")

    finding, summary = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 3
    assert finding == {
        "kind": "used_bytes",
        "subject": ada_miscounted.id,
        "detail": "7 bytes recorded, 0 counted",
        "repaired": True,
    }
    assert summary["found"] == summary["repaired"] == {"used_bytes": 1}
    assert summary["checked"]["spaces"] >= 1
    assert (await run("--json")).exit_code == 0


@pytest.mark.parametrize("age", ["0", "3600", "P7D"])
async def test_an_age_is_written_as_durations_of_the_settings_are(run: Run, age: str) -> None:
    assert (await run("--older-than", age)).exit_code == 0


@pytest.mark.parametrize("age", ["yesterday", "24h", "-PT1H", "-1", ""])
async def test_an_age_that_is_none(run: Run, age: str) -> None:
    result = await run(f"--older-than={age}")

    assert result.exit_code == 2
    assert "not a duration" in result.stderr


async def test_the_daily_report_repairs_nothing_and_counts(
    services: Services, ada_miscounted: Person, own_api: tuple[str, Services], run: Run
) -> None:
    await report(services)

    assert REGISTRY.get_sample_value("fsck_findings", {"kind": "used_bytes"}) == 1
    assert REGISTRY.get_sample_value("fsck_findings", {"kind": "missing_object"}) == 0
    async with httpx.AsyncClient(base_url=own_api[0]) as http:
        assert "fsck_last_finished_timestamp_seconds" in (await http.get("/metrics")).text
    assert (await run("--repair")).exit_code == 3
