"""What docs/pipelines.md promises of the workflows. Their form is linted by `make lint-deploy`."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.programs import installed

ROOT = Path(__file__).parents[2]
# YAML 1.1 reads the key `on` as true.
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
ON_PULL_REQUESTS = {name: flow for name, flow in WORKFLOWS.items() if "pull_request" in flow[True]}
REQUIRED = re.findall(
    r"\*(\w+)\*",
    re.findall(r"require the checks ([^.]+)\.", (ROOT / "docs/pipelines.md").read_text())[0],
)
GATES = {
    "ci.yml": set(WORKFLOWS["ci.yml"]["jobs"]) - {"gate"},
    "terraform.yml": {"changes", "check", "plan"},
}
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
    called_only = set(workflow[True]) == {"workflow_call"}
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


@pytest.mark.parametrize("check", REQUIRED)
def test_required_check_is_reported_for_every_pull_request(check: str) -> None:
    """GitHub waits for ever for a required check whose workflow a filter keeps from starting."""
    [workflow] = [
        flow
        for flow in ON_PULL_REQUESTS.values()
        if check in [job["name"] for job in flow["jobs"].values()]
    ]
    assert "merge_group" in workflow[True]
    assert set(workflow[True]["pull_request"] or {}) <= {"types"}


@pytest.mark.parametrize(("workflow", "above_it"), GATES.items())
def test_gate_fails_with_every_job_above_it(workflow: str, above_it: set[str]) -> None:
    """To GitHub a required job that was skipped, because one above it failed, has passed."""
    jobs = WORKFLOWS[workflow]["jobs"]
    gate = jobs["gate"]
    assert gate["name"] in REQUIRED
    assert set(needs(gate)) == above_it
    assert gate["if"] == "always()"
    [step] = gate["steps"]
    bad = ("failure", "cancelled")
    assert step["if"] == " || ".join(f"contains(needs.*.result, '{result}')" for result in bad)
    assert step["run"] == "exit 1"


@pytest.mark.parametrize(
    ("path", "before", "looked_at"),
    [
        ("terraform/envs/dev/main.tf", "HEAD^", True),
        (".github/workflows/terraform.yml", "HEAD^", True),
        ("backend/main.py", "HEAD^", False),
        ("backend/main.py", "", True),
        ("backend/main.py", "0" * 40, True),
    ],
)
def test_infrastructure_is_looked_at_when_it_changes(
    path: str, before: str, looked_at: bool, tmp_path: Path
) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message=1"], check=True)
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=2"], check=True)

    script = WORKFLOWS["terraform.yml"]["jobs"]["changes"]["steps"][-1]["run"]
    output = tmp_path / "output"
    output.touch()
    environment = os.environ | {"BEFORE": before, "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=environment, check=True)
    assert output.read_text() == ("infrastructure=true\n" if looked_at else "")


@each_workflow
def test_no_required_check_is_started_by_hand(workflow: dict[str, Any]) -> None:
    """What `workflow_dispatch` started does not count on a pull request."""
    assert "gh workflow run" not in str(workflow)


@each_workflow
def test_pull_requests_do_not_wait_for_each_other(workflow: dict[str, Any]) -> None:
    """Branches of two forks may have one name; of waiting runs GitHub keeps the last of a group."""
    assert "head_ref" not in workflow.get("concurrency", {}).get("group", "")


@each_job
def test_checkout_leaves_no_credentials_behind(job: dict[str, Any]) -> None:
    checkouts = [s for s in job.get("steps", []) if "actions/checkout@" in s.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_aws_is_reached_without_long_lived_keys() -> None:
    text = "".join(path.read_text() for path in (ROOT / ".github").rglob("*.yml"))
    assert not re.search(r"aws[-_](access|secret)[-_]", text, re.IGNORECASE)


def test_pull_requests_are_checked_as_a_developer_checks() -> None:
    """With everything that `.ci/run` runs."""
    steps = [
        step.get("run", "")
        for workflow in ("ci.yml", "terraform.yml")
        for job in WORKFLOWS[workflow]["jobs"].values()
        for step in job["steps"]
    ]
    checks = re.findall(r"^step (make [\w-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert set(checks) <= set(steps)


def test_ci_skips_no_test_for_want_of_a_program() -> None:
    [packages] = re.findall(r"packages=\((.+)\)", (ROOT / ".ci/run").read_text())
    steps = WORKFLOWS["ci.yml"]["jobs"]["test"]["steps"]
    [install] = [s["run"] for s in steps if "apt-get install" in s.get("run", "")]
    [test] = [s for s in steps if s.get("run") == "make test"]
    assert set(packages.split()) - set(install.split()) == {"chromium"}  # GitHub's image has Chrome
    assert test["env"]["REQUIRE_TEST_PROGRAMS"]


def test_a_missing_program_skips_tests_only_where_it_may_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REQUIRE_TEST_PROGRAMS", raising=False)
    assert installed("no-such-program", "sh")
    assert installed("no-such-program") is None
    monkeypatch.setenv("REQUIRE_TEST_PROGRAMS", "1")
    assert installed("no-such-program", "sh")
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        installed("no-such-program")


def test_two_builds_of_one_commit_get_two_tags() -> None:
    """The registry refuses a tag it has, and *Run workflow* builds the same commit again."""
    action = yaml.safe_load((ROOT / ".github/actions/deploy/action.yml").read_text())
    [push] = [s["run"] for s in action["runs"]["steps"] if "skopeo copy" in s.get("run", "")]
    [tag] = re.findall(r'"docker://\$REPOSITORY:(.+)"', push)
    command = ["bash", "-c", f"echo {tag}"]
    commit = {"GITHUB_SHA": "a" * 40}
    tags = {
        subprocess.check_output(command, text=True, env={**commit, "DIGEST": digest}).strip()
        for digest in ("sha256:" + "1" * 64, "sha256:" + "2" * 64)
    }
    assert len(tags) == 2
    assert all(re.fullmatch(r"a{40}[\w.-]{1,88}", tag) for tag in tags)


def test_tests_run_on_every_supported_python() -> None:
    supported = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text()
    )
    assert supported
    first, end = (int(minor) for minor in supported.groups())
    matrix = WORKFLOWS["ci.yml"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix == [f"3.{minor}" for minor in range(first, end)]
