"""Traces by OTLP: one story told to a collector, then read."""

import io
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stdout

import httpx
import orjson
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from sqlalchemy import text

from backend.core.observability.spans import Cleaned
from backend.core.services import Services
from backend.core.settings import Settings
from tests.conftest import serve
from tests.monitoring.collector import Collected, attributes, collector
from tests.support.jobs import run_jobs
from tests.support.people import PASSWORD, people
from tests.support.transfer import begin, complete, send

LINK_TOKEN = "a-link-token-that-nobody-else-may-see"
COMPLETE = "POST /v1/uploads/{upload_id}/complete"


@pytest.fixture(scope="module")
def stdout() -> Iterator[io.StringIO]:
    """What is logged."""
    with redirect_stdout(io.StringIO()) as written:
        yield written


@pytest.fixture(scope="module")
async def story(
    settings: Settings, services: Services, stdout: io.StringIO
) -> AsyncIterator[Collected]:
    """Ada uploads a file, gives another upload up, and tries a link; the worker cleans up."""
    with collector() as collected:
        traced = settings.model_copy(update={"otel_exporter_otlp_endpoint": collected.url})
        async with serve(traced) as url, people(url) as register:
            ada = await register("ada")
            upload = await begin(ada, b"bytes")
            await send(upload["request"], b"bytes")
            assert (await complete(ada, upload)).status_code == 200
            unwanted = await begin(ada, b"unwanted", "b.txt")
            await ada.http.delete(f"/v1/uploads/{unwanted['id']}")
            await ada.http.get(f"/v1/public/links/{LINK_TOKEN}", params={"secret": "in-a-query"})
            await ada.http.get("/health")
            await run_jobs(services)
            await services.database.autocommit.execute(text("SELECT 'outside of any request'"))
        yield collected


async def test_a_completion_shows_its_statements_and_its_calls_to_s3(story: Collected):
    [request] = story.named(COMPLETE)
    inside = story.trace_of(request)
    assert {"S3.HeadObject"} <= {span.name for span in inside}
    statements = [attributes(span).get("db.statement", "") for span in inside]
    assert any(statement.startswith("UPDATE uploads") for statement in statements)
    assert all(span.parent_span_id for span in inside if span is not request)


async def test_a_job_belongs_to_the_request_that_caused_it(story: Collected):
    [request] = story.named("DELETE /v1/uploads/{upload_id}")
    jobs = story.named("process uploads.discard")
    assert request.trace_id in {job.trace_id for job in jobs}
    [job] = [job for job in jobs if job.trace_id == request.trace_id][:1]
    children = [span for span in story.spans if span.parent_span_id == job.span_id]
    assert "S3.DeleteObjects" in {span.name for span in children}


async def test_the_log_names_the_trace(story: Collected, stdout: io.StringIO):
    [request] = story.named(COMPLETE)
    lines = [line for line in stdout.getvalue().splitlines() if "/complete" in line]
    line = orjson.loads(lines[0])
    assert line["trace_id"] == request.trace_id.hex()
    assert line["span_id"] == request.span_id.hex()


@pytest.mark.parametrize(
    "secret", ["X-Amz-", LINK_TOKEN, "in-a-query", PASSWORD, "Bearer ", "@example.com"]
)
async def test_no_secret_reaches_the_collector(story: Collected, secret: str):
    assert not any(secret.encode() in body for body in story.bodies)


async def test_probes_and_what_no_request_asked_for_are_not_traced(story: Collected):
    assert story.spans
    assert not any("health" in span.name for span in story.spans)
    assert not any(
        "outside of any request" in attributes(span).get("db.statement", "") for span in story.spans
    )


async def test_the_spans_name_the_process(story: Collected):
    assert story.services == {"we-upload-api"}


async def test_an_exception_is_told_by_its_type_alone():
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({}))
    provider.add_span_processor(SimpleSpanProcessor(Cleaned(kept)))
    tracer = provider.get_tracer("test")
    with pytest.raises(ValueError, match="ada"), tracer.start_as_current_span("INSERT"):
        raise ValueError("Key (email)=(ada@example.com) already exists.")
    [span] = kept.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.events[0].attributes or {})["exception.type"] == "ValueError"
    assert "ada@example.com" not in span.to_json()


async def test_the_service_works_while_its_collector_does_not(settings: Settings):
    gone = settings.model_copy(update={"otel_exporter_otlp_endpoint": "http://127.0.0.1:9"})
    async with serve(gone) as url, httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/v1/users/me")).status_code == 401


def test_without_a_collector_nothing_of_opentelemetry_is_loaded():
    program = """
import sys, backend.cli.serve, backend.worker
from backend.main import create_app
create_app()
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation", "google")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
