"""Prometheus metrics: every name the product exports stands here and in docs/metrics.md."""

from collections.abc import Iterable

from prometheus_client import REGISTRY, Counter, Enum, Gauge, Histogram, generate_latest

from backend.core.backlog import Backlog

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

job_duration = Histogram(
    "job_duration_seconds",
    "Time a job took, by outcome: ok, failed.",
    ["job", "outcome"],
    buckets=(*SECONDS, 60, 300, 900),
)
jobs = Gauge("jobs", "Jobs in the queue, by state: queued, picked, failed.", ["job", "state"])
oldest_job = Gauge(
    "jobs_oldest_due_seconds", "How long the first queued job has been due.", ["job"]
)
pool_connections = Gauge(
    "database_pool_connections", "Connections of the pool, by state: used, idle.", ["state"]
)


def show_backlog(counts: Iterable[Backlog]) -> None:
    """Set the gauges of the queue to `counts`."""
    jobs.clear()
    oldest_job.clear()
    for count in counts:
        jobs.labels(count.name, count.state).set(count.count)
        if count.state == "queued":
            oldest_job.labels(count.name).set(count.oldest_seconds)


def show_pool(used: int, idle: int) -> None:
    """Set the gauges of the connection pool."""
    pool_connections.labels("used").set(used)
    pool_connections.labels("idle").set(idle)


def exposition() -> bytes:
    """Every metric in the Prometheus text format."""
    return generate_latest(REGISTRY)
