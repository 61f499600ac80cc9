"""The alerts: valid, each proven to fire, each with a section that says what to do."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.monitoring.promql import labels_used, metrics_used
from tests.monitoring.test_metrics import exported
from tests.support.programs import installed

MONITORING = Path("monitoring/prometheus")
RULE_FILES = sorted(MONITORING.glob("rules/*.yml"))
TEST_FILES = sorted(MONITORING.glob("tests/*.yml"))
GROUPS = [g for path in RULE_FILES for g in yaml.safe_load(path.read_text())["groups"]]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
OPERATIONS = Path("docs/operations.md")
OF_PROMETHEUS = {"up", "job", "instance", "le"}

needs_promtool = pytest.mark.skipif(
    installed("promtool") is None,
    reason="needs Debian's package prometheus, which .ci/run installs (2026-11-21)",
)


def promtool(*arguments: object) -> str:
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sections() -> set[str]:
    """The anchors of the operator's page, as GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", OPERATIONS.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@needs_promtool
def test_prometheus_accepts_its_configuration_and_all_rules():
    assert "is valid" in promtool("check", "config", MONITORING / "prometheus.yml")


@needs_promtool
def test_every_alert_fires_and_keeps_silent_as_it_should():
    assert "FAILED" not in promtool("test", "rules", *TEST_FILES)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_seen_firing_in_the_tests(alert: str):
    cases = [
        case
        for path in TEST_FILES
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", ())
    ]
    assert any(case["alertname"] == alert and case["exp_alerts"] for case in cases)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_links_to_a_section_that_says_what_to_do(alert: str):
    page, anchor = ALERTS[alert]["annotations"]["runbook_url"].split("#")
    assert Path(page) == OPERATIONS
    assert anchor in sections()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_uses_what_the_product_exports(rule: dict[str, str]):
    ours = exported()
    for name in metrics_used(rule["expr"]) - RECORDED - OF_PROMETHEUS:
        assert re.sub(r"_(bucket|count|sum)$", "", name) in ours
    known = set().union(*(labels for _, labels in ours.values())) | OF_PROMETHEUS
    assert labels_used(rule["expr"]) <= known


def test_every_alarm_of_the_infrastructure_has_its_section():
    text = "".join(
        path.read_text() for path in Path("terraform/modules/observability").glob("*.tf")
    )
    by_metric = re.findall(
        r"^ +([\w-]+) += (?:merge\(local\.latency, )?\{\n +text +=", text, re.MULTILINE
    )
    budgets = re.findall(r"^ +(\w+) += \{ rate", text, re.MULTILINE)
    names = {*by_metric, "server-errors", *(f"budget-{name}" for name in budgets)}
    assert {"latency", "unhealthy-hosts", "database-memory", "budget-slow"} <= names
    assert names <= sections()
