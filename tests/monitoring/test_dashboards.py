"""The dashboards: each query is PromQL, over metrics and labels that running processes export."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from backend.core.observability import metrics
from tests.monitoring.promql import labels_used, metrics_used
from tests.monitoring.test_metrics import exported
from tests.monitoring.test_rules import OF_PROMETHEUS, RECORDED, needs_promtool, promtool
from tests.support.people import people
from tests.support.transfer import begin, complete, send

GRAFANA = Path("monitoring/grafana")
DASHBOARDS = [json.loads(path.read_text()) for path in sorted(GRAFANA.glob("dashboards/*.json"))]
QUERIES = {
    f"{board['uid']}: {panel['title']} {target['refId']}": target["expr"]
    for board in DASHBOARDS
    for panel in board["panels"]
    for target in panel["targets"]
}
RARE = {"fsck_findings", "upload_events_total", "uploads_healed_total", "rate_limit_refusals_total"}
"""What only trouble or a bucket's events bring about."""

Exposed = dict[str, set[str]]


@pytest.fixture(scope="module")
async def exposed(http: httpx.AsyncClient, api_url: str) -> Exposed:
    """What /metrics shows after an upload: the labels of each series' name."""
    async with people(api_url) as register:
        ada = await register()
        upload = await begin(ada, b"bytes")
        await send(upload["request"], b"bytes")
        assert (await complete(ada, upload)).status_code == 200
    metrics.job_duration.labels("mail.send", "ok").observe(0.1)
    metrics.show_backlog([("mail.send", "queued", 1, 2.0)], {"mail.send": "short"})
    shown: Exposed = {}
    for family in text_string_to_metric_families((await http.get("/metrics")).text):
        for sample in family.samples:
            shown.setdefault(sample.name, set()).update(sample.labels)
    return shown


@pytest.mark.parametrize("query", QUERIES)
async def test_a_panel_asks_for_what_is_exported(query: str, exposed: Exposed):
    declared = {name: labels for name, (_, labels) in exported().items()}
    own = metrics_used(QUERIES[query]) - RECORDED - OF_PROMETHEUS
    assert own <= set(exposed) | RARE
    known = set(OF_PROMETHEUS) | ({"kind"} if "service:fsck" in QUERIES[query] else set())
    for name in own:
        known |= exposed.get(name, set()) | declared.get(name, set())
    assert labels_used(QUERIES[query]) <= known


@needs_promtool
def test_every_query_is_promql(tmp_path: Path):
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(QUERIES.values())
    ]
    page = tmp_path / "panels.yml"
    page.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(QUERIES)} rules found" in promtool("check", "rules", page)


def test_no_two_panels_or_dashboards_share_an_id():
    assert len({board["uid"] for board in DASHBOARDS}) == len(DASHBOARDS)
    for board in DASHBOARDS:
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_panels_read_from_the_provisioned_source_where_compose_mounts_it():
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())
    [source] = sources["datasources"]
    panels: list[dict[str, Any]] = [panel for board in DASHBOARDS for panel in board["panels"]]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/files.yml").read_text())[
        "providers"
    ]
    compose = yaml.safe_load(Path("docker-compose.yml").read_text())["services"]
    mount = f"./monitoring/grafana/dashboards:{provider['options']['path']}:ro"
    assert mount in compose["grafana"]["volumes"]
    assert source["url"] == "http://prometheus:9090"
