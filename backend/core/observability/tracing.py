"""Traces over OTLP: one request or job, with every statement and S3 call it makes.

Loaded only if a collector is configured: see `telemetry`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, format_span_id, format_trace_id
from pgqueuer.adapters.tracing.opentelemetry import OpenTelemetryTracing
from pgqueuer.domain.models import Job
from pgqueuer.ports.tracing import TRACER
from structlog.contextvars import bind_contextvars, bound_contextvars

from backend.core.observability.spans import Cleaned, EntriesOnly

NO_METER = NoOpMeterProvider()
"""What the libraries would measure, `metrics` already does."""
PROBES = "/health$,/ready$,/metrics$"


class Tracing:
    """Sends spans of requests, jobs, statements and S3 calls to a collector."""

    def __init__(self, endpoint: str, service: str, ratio: float) -> None:
        """Start instrumenting the libraries.

        Args:
            endpoint: the collector's, as in OTEL_EXPORTER_OTLP_ENDPOINT.
            service: the name of the process.
            ratio: the share of requests that are traced, from 0 to 1.
        """
        resource = Resource.create({SERVICE_NAME: service})
        sampler = ParentBased(EntriesOnly(TraceIdRatioBased(ratio)))
        exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=5)
        self._provider = TracerProvider(resource=resource, sampler=sampler)
        self._provider.add_span_processor(BatchSpanProcessor(Cleaned(exporter)))
        self._libraries = (
            AsyncPGInstrumentor(),  # type: ignore[no-untyped-call]
            BotocoreInstrumentor(),  # type: ignore[no-untyped-call]
        )
        for library in self._libraries:
            library.instrument(tracer_provider=self._provider, meter_provider=NO_METER)
        TRACER.tracer = _JobTracing(self._provider.get_tracer("pgqueuer"))

    def watch(self, app: FastAPI) -> None:
        """Trace the requests that `app` serves."""
        FastAPIInstrumentor.instrument_app(
            app,
            tracer_provider=self._provider,
            meter_provider=NO_METER,
            excluded_urls=PROBES,
            exclude_spans=["receive", "send"],
            server_request_hook=_name_in_logs,
        )

    def close(self) -> None:
        """Send the last spans and stop instrumenting the libraries."""
        TRACER.tracer = None
        for library in self._libraries:
            library.uninstrument()
        self._provider.shutdown()


class _JobTracing(OpenTelemetryTracing):
    """Adds a job to the trace of the request that enqueued it, and the trace's id to its logs."""

    @asynccontextmanager
    async def trace_process(self, job: Job) -> AsyncIterator[None]:
        async with super().trace_process(job):
            with bound_contextvars(**_ids(trace.get_current_span())):
                yield


def _name_in_logs(span: Span, _scope: dict[str, Any]) -> None:
    bind_contextvars(**_ids(span))


def _ids(span: Span) -> dict[str, str]:
    context = span.get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }
