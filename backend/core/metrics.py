"""Prometheus metrics: every name the product exports stands here and in docs/metrics.md."""

from prometheus_client import REGISTRY, Counter, Enum, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

http_requests = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
http_duration = Histogram(
    "http_request_duration_seconds", "Time to answer.", ["method", "route"], buckets=SECONDS
)
http_in_flight = Gauge("http_requests_in_flight", "Requests being answered now.")

dependency_duration = Histogram(
    "dependency_call_duration_seconds",
    "Time a call to an outside service took, by outcome: ok, refused, fault, rejected.",
    ["service", "operation", "outcome"],
    buckets=SECONDS,
)
breaker_state = Enum(
    "circuit_breaker_state",
    "Whether calls to an outside service are let through.",
    ["service"],
    states=["closed", "half-opened", "opened"],
)


def exposition() -> bytes:
    """Every metric in the Prometheus text format."""
    return generate_latest(REGISTRY)
