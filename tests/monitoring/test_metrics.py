"""What the product tells about itself, and where that is written down."""

import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from backend.core.errors import TooManyRequests
from backend.core.limits.rates import RateLimiter
from backend.core.observability import metrics
from tests.support.people import Register

ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ((?:`\w+`(?:, )?)*) ?\|", re.MULTILINE)


def of(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def exported() -> dict[str, tuple[str, set[str]]]:
    """Name, type and labels of every metric of our own."""
    kinds = {"stateset": "gauge"}
    found = {}
    for name, metric in vars(metrics).items():
        if name.startswith("_") or not hasattr(metric, "_labelnames"):
            continue
        family = next(iter(metric.collect()))
        suffix = "_total" if family.type == "counter" else ""
        labels = set(metric._labelnames) | ({family.name} if family.type == "stateset" else set())
        found[family.name + suffix] = (kinds.get(family.type, family.type), labels)
    return found


def test_every_metric_stands_in_the_docs_with_its_type_and_labels():
    page = Path("docs/metrics.md").read_text()
    written = {
        name: (kind, set(re.findall(r"\w+", labels))) for name, kind, labels in ROW.findall(page)
    }
    assert written == exported()


async def test_a_request_is_counted_under_its_route(http, register: Register):
    ada = await register()
    labels = {"method": "GET", "route": "/v1/users/me", "status": "200"}
    before = of("http_requests_total", **labels)
    await ada.http.get("/v1/users/me")
    assert of("http_requests_total", **labels) == before + 1


async def test_a_path_that_does_not_exist_makes_no_label_of_its_own(http):
    await http.get("/nowhere/at-all")
    page = (await http.get("/metrics")).text
    assert "at-all" not in page
    assert 'route="unmatched"' in page


async def test_an_upload_is_counted_when_it_begins_and_when_it_ends(register: Register):
    ada = await register()
    begun = {"state": "begun", "method": "put"}
    before = of("uploads_total", **begun), of("upload_bytes_total", **begun)
    aborted = of("uploads_total", state="aborted", method="put")
    signed = of("signing_duration_seconds_count", kind="put")
    answer = await ada.http.post("/v1/uploads", json={"name": "a.bin", "size": 123})
    await ada.http.delete(f"/v1/uploads/{answer.json()['id']}")
    assert of("uploads_total", **begun) == before[0] + 1
    assert of("upload_bytes_total", **begun) == before[1] + 123
    assert of("uploads_total", state="aborted", method="put") == aborted + 1
    assert of("signing_duration_seconds_count", kind="put") == signed + 1


async def test_a_refusal_is_counted_by_its_purpose():
    limiter = RateLimiter()
    before = of("rate_limit_refusals_total", purpose="test")
    await limiter.hit("1/minute", "test", "somebody")
    with pytest.raises(TooManyRequests):
        await limiter.hit("1/minute", "test", "somebody")
    assert of("rate_limit_refusals_total", purpose="test") == before + 1


async def test_both_pools_tell_their_use_and_their_limit(http, register: Register):
    ada = await register()
    await ada.http.get("/v1/users/me")
    families = text_string_to_metric_families((await http.get("/metrics")).text)
    samples = {
        (sample.name, sample.labels.get("pool")): sample.value
        for family in families
        for sample in family.samples
        if family.name.startswith("database_pool")
    }
    for pool in ("transactions", "statements"):
        assert samples["database_pool_connections_max", pool] >= 1
        assert ("database_pool_connections", pool) in samples
