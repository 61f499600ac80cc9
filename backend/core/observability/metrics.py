"""Prometheus metrics: every name the product exports is here and in docs/metrics.md."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from prometheus_client import REGISTRY, Counter, Enum, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
MICROSECONDS = (5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 2.5e-2, 0.1)
UP_TO_A_WEEK = (0.5, 1, 5, 15, 60, 300, 900, 3600, 21600, 86400, 604800)

http_requests = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
http_duration = Histogram(
    "http_request_duration_seconds", "Time to answer.", ["method", "route"], buckets=SECONDS
)
rate_limit_refusals = Counter(
    "rate_limit_refusals_total", "Requests refused by a rate limit, by its purpose.", ["purpose"]
)
http_in_flight = Gauge("http_requests_in_flight", "Requests in progress.")

dependency_duration = Histogram(
    "dependency_call_duration_seconds",
    "Time a call to an outside service took, by outcome: ok, refused, fault, rejected.",
    ["service", "operation", "outcome"],
    buckets=SECONDS,
)
breaker_state = Enum(
    "circuit_breaker_state",
    "Whether calls to an outside service are allowed.",
    ["service"],
    states=["closed", "half-opened", "opened"],
)

uploads = Counter(
    "uploads_total",
    "Uploads that reached a state: begun, completed, failed, expired, aborted.",
    ["state", "method"],
)
upload_bytes = Counter(
    "upload_bytes_total", "Sum of the declared sizes of those uploads.", ["state", "method"]
)
upload_duration = Histogram(
    "upload_duration_seconds",
    "Time from the beginning of an upload to its completion.",
    ["method"],
    buckets=UP_TO_A_WEEK,
)
signing_duration = Histogram(
    "signing_duration_seconds",
    "Time to sign, by kind: put, post, get, parts (all those of one call).",
    ["kind"],
    buckets=MICROSECONDS,
)

# Not `job`: Prometheus adds a label of that name to every series.
job_duration = Histogram(
    "job_duration_seconds",
    "Time a job took, by outcome: ok, failed.",
    ["name", "outcome"],
    buckets=(*SECONDS, 60, 300, 900),
)
jobs = Gauge("jobs", "Jobs in the queue, by state: queued, picked, failed.", ["name", "state"])
oldest_job = Gauge(
    "jobs_oldest_due_seconds", "How long the oldest queued job has been due.", ["name", "lane"]
)
pool_connections = Gauge(
    "database_pool_connections",
    "Connections, by pool (transactions, statements) and state: used, idle.",
    ["pool", "state"],
)
pool_limit = Gauge(
    "database_pool_connections_max", "Maximum number of connections in a pool.", ["pool"]
)

uploads_healed = Counter(
    "uploads_healed_total", "Uploads that the worker completed instead of the client."
)
upload_events = Counter(
    "upload_events_total",
    "Messages from the bucket's queue, by outcome: handled, failed.",
    ["outcome"],
)
fsck_findings = Gauge(
    "fsck_findings", "What the last daily comparison of bucket and database found.", ["kind"]
)
fsck_finished = Gauge(
    "fsck_last_finished_timestamp_seconds", "When the last daily comparison finished."
)
fsck_duration = Gauge("fsck_last_duration_seconds", "How long the last daily comparison took.")


def show_backlog(counts: Iterable[tuple[str, str, int, float]], lane_of: Mapping[str, str]) -> None:
    """Set the gauges of the queue.

    Args:
        counts: the name of a job, a state, how many jobs are in it, and for how many seconds the
            oldest of them has been due.
        lane_of: the lane of each job by name.
    """
    jobs.clear()
    oldest_job.clear()
    for name, state, count, oldest_seconds in counts:
        jobs.labels(name, state).set(count)
        if state == "queued":
            oldest_job.labels(name, lane_of.get(name, "")).set(oldest_seconds)


def watch_pool(name: str, use: Callable[[], tuple[int, int, int]]) -> None:
    """Make the gauges of a connection pool call `use` whenever they are read.

    Args:
        name: the name of the pool.
        use: returns how many connections are used, idle, and allowed.
    """
    pool_connections.labels(name, "used").set_function(lambda: use()[0])
    pool_connections.labels(name, "idle").set_function(lambda: use()[1])
    pool_limit.labels(name).set_function(lambda: use()[2])


@cache
def of_request(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The counter and histogram for one kind of request; looking them up by labels takes 3 µs."""
    return http_requests.labels(method, route, status), http_duration.labels(method, route)


def count_upload(state: str, method: str, size: int) -> None:
    """Count an upload of `size` bytes that has reached `state`."""
    count, size_sum = _of_upload(state, method)
    count.inc()
    size_sum.inc(size)


@cache
def _of_upload(state: str, method: str) -> tuple[Counter, Counter]:
    return uploads.labels(state, method), upload_bytes.labels(state, method)


def show_fsck(findings: Mapping[str, int], *, seconds: float) -> None:
    """Set the fsck gauges to its findings by kind."""
    for kind, count in findings.items():
        fsck_findings.labels(kind).set(count)
    fsck_duration.set(seconds)
    fsck_finished.set_to_current_time()


def exposition() -> bytes:
    """Every metric in the Prometheus text format."""
    return generate_latest(REGISTRY)
