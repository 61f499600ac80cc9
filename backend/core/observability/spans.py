"""Which spans leave the process, and with what content.

No URLs, because they may contain a link's token, and no exception messages, because PostgreSQL's
repeat values. The route's template, the statement with `$1` and the exception's type suffice.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, Status

TELLTALE = {
    "http.url",
    "http.target",
    "url.full",
    "url.path",
    "url.query",
    "db.statement.parameters",
    "exception.message",
    "exception.stacktrace",
}
ENTRIES = {SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.PRODUCER}


class Cleaned(SpanExporter):
    """Passes spans on without attributes that could contain a secret."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass `spans` on, cleaned."""
        return self._exporter.export([_clean(span) for span in spans])

    def shutdown(self) -> None:
        """Shut down the exporter."""
        self._exporter.shutdown()


def _clean(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_harmless(span.attributes),
        events=[Event(e.name, _harmless(e.attributes), e.timestamp) for e in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _harmless(attributes: Any) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if name not in TELLTALE}


class EntriesOnly(Sampler):
    """Begins a trace with a request or a job, not with every poll of a worker's queue."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> SamplingResult:
        """Ask the inner sampler only about entries."""
        if kind not in ENTRIES:
            return SamplingResult(Decision.DROP)
        return self._sampler.should_sample(parent_context, trace_id, name, kind, *args, **kwargs)

    def get_description(self) -> str:
        """Its name for OpenTelemetry."""
        return f"EntriesOnly({self._sampler.get_description()})"
