"""The metrics of `metrics`, sent by OTLP: counted once, told in two ways."""

import threading
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise

import structlog
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

log = structlog.stdlib.get_logger(__name__)

SENT_EVERY = 60.0
"""Seconds; the default of OpenTelemetry's own readers."""
CUMULATIVE = AggregationTemporality.CUMULATIVE


class MetricsSender:
    """A thread that sends every metric once a minute, and a last time when it is closed."""

    def __init__(self, endpoint: str, resource: Resource) -> None:
        self._exporter = OTLPMetricExporter(endpoint, timeout=5)
        self._resource = resource
        self._started = time.time_ns()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otlp-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the last figures and stop."""
        self._closing.set()
        self._thread.join()
        self._exporter.shutdown()

    def _run(self) -> None:
        while not self._closing.wait(SENT_EVERY):
            self._send()
        self._send()

    def _send(self) -> None:
        try:
            self._exporter.export(self._data())
        except Exception as error:  # noqa: BLE001 - telling figures must never end the work
            log.warning("metrics were not sent", error=type(error).__name__)

    def _data(self) -> MetricsData:
        span = (self._started, time.time_ns())
        metrics = [_metric(family, span) for family in REGISTRY.collect()]
        scope = ScopeMetrics(InstrumentationScope("we-upload"), metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scope], "")])


Span = tuple[int, int]
"""Unix nanoseconds: since when is counted, and now."""


def _metric(family: Family, span: Span) -> Metric:
    data: Sum | Gauge | Histogram
    if family.type == "histogram":
        data = Histogram(list(_histograms(family, span)), CUMULATIVE)
    elif family.type == "counter":
        counts = (sample for sample in family.samples if sample.name.endswith("_total"))
        data = Sum(_numbers(counts, span), CUMULATIVE, is_monotonic=True)
    else:
        data = Gauge(_numbers(family.samples, span))
    return Metric(family.name, family.documentation, "", data)


def _numbers(samples: Iterable[Sample], span: Span) -> list[NumberDataPoint]:
    return [NumberDataPoint(sample.labels, *span, sample.value) for sample in samples]


def _histograms(family: Family, span: Span) -> Iterator[HistogramDataPoint]:
    """One point for each set of labels; Prometheus' buckets add up, OTLP's stand alone."""
    points: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for sample in family.samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        kind = sample.name.removeprefix(family.name)
        points.setdefault(labels, {})[sample.labels.get("le", kind)] = sample.value
    for labels, values in points.items():
        total = values.pop("_sum")
        count = int(values.pop("_count"))
        values.pop("_created", None)
        cumulative = [0, *(int(value) for value in values.values())]
        yield HistogramDataPoint(
            dict(labels),
            *span,
            count=count,
            sum=total,
            bucket_counts=[after - before for before, after in pairwise(cumulative)],
            explicit_bounds=[float(bound) for bound in values if bound != "+Inf"],
            min=None,  # type: ignore[arg-type]  # optional in the protocol, and not known
            max=None,  # type: ignore[arg-type]
        )
