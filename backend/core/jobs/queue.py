"""Jobs in PostgreSQL (pgqueuer): enqueued in the caller's transaction, run by the worker.

A failed job is retried with exponential backoff and jitter; after `MAX_ATTEMPTS` it is held in the
dead-letter state `failed`, where an operator can see and retry it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import orjson
import structlog
from pgqueuer import PgQueuer
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, Job, Schedule

from backend.core.database.engine import Transaction
from backend.core.jobs.backlog import queries_in
from backend.core.observability import metrics

log = structlog.stdlib.get_logger(__name__)

MAX_ATTEMPTS = 8
MAX_DELAY = timedelta(minutes=10)

Payload = dict[str, str | int | list[str]]


async def enqueue(
    tx: Transaction,
    name: str,
    payload: Payload,
    *,
    delay: timedelta | None = None,
    dedupe_key: str | None = None,
) -> None:
    """Add a job that exists if and only if `tx` commits.

    Args:
        tx: the caller's transaction.
        name: the job's registered name.
        payload: JSON; ids as strings.
        delay: the job does not run before now + delay.
        dedupe_key: while a job with this key is waiting or running, no other is added.
    """
    queries = await queries_in(tx)
    await queries.enqueue(
        name,
        orjson.dumps(payload),
        execute_after=delay,
        dedupe_key=dedupe_key,
        on_conflict="skip",
    )


JobFunction = Callable[..., Awaitable[None]]


class Lane(StrEnum):
    """Jobs of one lane never wait for a slot behind those of another.

    SHORT is for jobs that end within seconds: a mail, one call to S3. LONG is for walks over a tree
    or a bucket, which take longer the larger those are. BYTES is for jobs that read whole files.
    """

    SHORT = "short"
    LONG = "long"
    BYTES = "bytes"


class Handler(NamedTuple):
    """What runs a job, and in which lane; `cron` is the schedule of a periodic job."""

    function: JobFunction
    lane: Lane
    cron: str = ""


@dataclass
class JobTable:
    """The handlers of a feature's jobs and periodic jobs, by name: see each `jobs.py`.

    A handler takes the worker's `Services` and the payload's fields as keyword arguments.
    """

    handlers: dict[str, Handler] = field(default_factory=dict)
    periodic: dict[str, Handler] = field(default_factory=dict)

    def job(self, name: str, *, lane: Lane = Lane.SHORT) -> Callable[[JobFunction], JobFunction]:
        """Register the decorated function under `name`."""

        def register(function: JobFunction) -> JobFunction:
            self.handlers[name] = Handler(function, lane)
            return function

        return register

    def every(
        self, cron: str, name: str, *, lane: Lane = Lane.SHORT
    ) -> Callable[[JobFunction], JobFunction]:
        """Run the decorated function on the cron schedule, once across all workers."""

        def register(function: JobFunction) -> JobFunction:
            self.periodic[name] = Handler(function, lane, cron)
            return function

        return register


def lanes_by_job(tables: Iterable[JobTable]) -> dict[str, Lane]:
    """The lane of each job and each periodic job."""
    return {
        name: handler.lane
        for table in tables
        for name, handler in (*table.handlers.items(), *table.periodic.items())
    }


def bind(queue: PgQueuer, table: JobTable, services: object, lanes: Collection[Lane]) -> None:
    """Register with `queue` the jobs of `table` that belong to `lanes`; they get `services`."""
    for name, handler in table.handlers.items():
        if handler.lane in lanes:
            queue.entrypoint(name, on_failure="hold", executor_factory=_retrying)(
                partial(_run_job, handler.function, services)
            )
    for name, handler in table.periodic.items():
        if handler.lane in lanes:
            queue.schedule(name, handler.cron)(partial(_run_periodic, handler.function, services))


class _JitteredRetry(DatabaseRetryEntrypointExecutor):
    async def execute(self, job: Job, context: Context) -> None:
        """Run the job; shorten retry delays by up to half, to spread jobs that failed together.

        Raises:
            RetryRequested: it failed, or its worker was stopped, and it is to be retried.
        """
        try:
            await super().execute(job, context)
        except RetryRequested as retry:
            retry.delay *= random.uniform(0.5, 1)  # noqa: S311 - not a secret
            raise
        except asyncio.CancelledError as stopped:
            # pgqueuer deletes a job whose task was cancelled, as if nobody wanted it.
            raise RetryRequested(timedelta(seconds=1), "the worker was stopped") from stopped


def _retrying(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    return _JitteredRetry(parameters, max_attempts=MAX_ATTEMPTS, max_delay=MAX_DELAY)


async def _run_job(function: JobFunction, services: object, job: Job) -> None:
    with _timed(job.entrypoint):
        await function(services, **orjson.loads(job.payload or b"{}"))


async def _run_periodic(function: JobFunction, services: object, schedule: Schedule) -> None:
    with _timed(schedule.entrypoint):
        await function(services)


@contextmanager
def _timed(name: str) -> Iterator[None]:
    started, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "ok"
    except Exception:
        # It may run again and succeed: the queue itself reports only the last attempt.
        log.warning("job failed", job=name, exc_info=True)
        raise
    finally:
        metrics.job_duration.labels(name, outcome).observe(time.perf_counter() - started)
