"""What docs/pipelines.md promises of the workflows. Their form is linted by `make lint-deploy`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.name: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
JOBS = {
    f"{name}:{key}": job for name, flow in WORKFLOWS.items() for key, job in flow["jobs"].items()
}
USES = [
    line.strip()
    for path in (ROOT / ".github").rglob("*.yml")
    for line in path.read_text().splitlines()
    if re.match(r"\s*(- )?uses: ", line)
]
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS.keys())
each_job = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())


@pytest.mark.parametrize("use", sorted(set(USES)))
def test_action_is_pinned_to_a_commit_and_names_its_release(use: str) -> None:
    local = re.search(r"uses: \$/\.github/(workflows/[\w-]+\.yml|actions/[\w-]+)$", use)
    assert local or re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", use)


@each_workflow
def test_workflow_grants_nothing_by_default(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {}


@each_workflow
def test_workflow_never_runs_twice_at_once(workflow: dict[Any, Any]) -> None:
    called_only = set(workflow[True]) == {"workflow_call"}  # YAML 1.1 reads `on` as true
    assert called_only or "concurrency" in workflow


@each_job
def test_job_ends_and_says_what_it_may(job: dict[str, Any]) -> None:
    assert "permissions" in job
    assert "uses" in job or "timeout-minutes" in job


def needs(job: dict[str, Any]) -> list[str]:
    """The jobs it names itself: one, several or none."""
    named = job.get("needs", [])
    return [named] if isinstance(named, str) else named


def above(jobs: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """Every job that one needs, directly or not."""
    for needed in needs(jobs[key]):
        yield jobs[needed]
        yield from above(jobs, needed)


@each_workflow
def test_job_below_one_that_may_be_skipped_says_when_it_runs(workflow: dict[str, Any]) -> None:
    """A condition without such a function means `success()`, and that looks all the way up."""
    jobs = workflow["jobs"]
    below_a_skippable = {key for key in jobs if any("if" in job for job in above(jobs, key))}
    looks_for_itself = {
        key for key, job in jobs.items() if re.search(r"(always|cancelled)\(\)", job.get("if", ""))
    }
    assert below_a_skippable <= looks_for_itself


@each_job
def test_checkout_leaves_no_credentials_behind(job: dict[str, Any]) -> None:
    checkouts = [s for s in job.get("steps", []) if "actions/checkout@" in s.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_aws_is_reached_without_long_lived_keys() -> None:
    text = "".join(path.read_text() for path in (ROOT / ".github").rglob("*.yml"))
    assert not re.search(r"aws[-_](access|secret)[-_]", text, re.IGNORECASE)


def test_tests_run_on_every_supported_python() -> None:
    supported = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text()
    )
    assert supported
    first, end = (int(minor) for minor in supported.groups())
    matrix = WORKFLOWS["ci.yml"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix == [f"3.{minor}" for minor in range(first, end)]
