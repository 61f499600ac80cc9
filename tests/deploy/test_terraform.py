"""What `terraform test` cannot see: pages beside modules, and that environments stay alike."""

import re
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).parents[2] / "terraform"
FOLDERS = sorted(p.parent for p in TERRAFORM.rglob("variables.tf") if not p.is_symlink())
ENVIRONMENTS = ["dev", "staging", "prod"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_readme_lists_every_input_and_output(folder: Path) -> None:
    code = "".join(path.read_text() for path in folder.glob("*.tf"))
    declared = set(re.findall(r'^(?:variable|output) "(\w+)"', code, re.MULTILINE))
    listed = set(re.findall(r"^\| `(\w+)` \|", (folder / "README.md").read_text(), re.MULTILINE))
    assert listed == declared


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environments_share_everything_but_state_and_values(environment: str) -> None:
    folder = TERRAFORM / "envs" / environment
    own = {path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink()}
    assert own == {"versions.tf", "terraform.tfvars"}
    linked = {path.name for path in folder.iterdir() if path.is_symlink()}
    stack = {path.name for path in (TERRAFORM / "envs/stack").glob("*.tf")}
    assert linked == stack - {"versions.tf"}
    assert all((folder / name).resolve().parent.name == "stack" for name in linked)


def test_environments_have_states_of_their_own() -> None:
    for environment in ENVIRONMENTS:
        versions = (TERRAFORM / "envs" / environment / "versions.tf").read_text()
        assert f'key          = "envs/{environment}/terraform.tfstate"' in versions


def test_only_the_load_balancer_is_open_to_the_world() -> None:
    rule = re.compile(r'^resource "aws_\w+_ingress_rule" .*?^}', re.MULTILINE | re.DOTALL)
    open_ways_in = {
        path.parent.name
        for path in TERRAFORM.rglob("*.tf")
        for block in rule.findall(path.read_text())
        if "0.0.0.0/0" in block or "::/0" in block
    }
    assert open_ways_in == {"load_balancer"}


def test_ways_in_are_rules_of_their_own() -> None:
    code = "".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    assert re.findall(r"^ +ingress \{", code, re.MULTILINE) == []


def test_every_skipped_check_has_a_reason() -> None:
    skips = [
        line.strip()
        for path in TERRAFORM.rglob("*.tf")
        for line in path.read_text().splitlines()
        if "checkov:skip" in line
    ]
    assert skips
    assert [
        line for line in skips if not re.fullmatch(r"#checkov:skip=CKV2?_AWS_\d+:\S.{15,}", line)
    ] == []
