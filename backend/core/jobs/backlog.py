"""What is waiting in the job queue, what has failed permanently, and how to retry that.

Reads the queue's tables (see the migration `queue`) with plain statements: counting must not
require a worker's connection.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import asyncpg
from pgqueuer.queries import Queries
from pgqueuer.types import JobId
from sqlalchemy import text

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db

LOG_KEPT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs of one name are in one state: queued, picked (running) or failed.

    `oldest_seconds` is how long the oldest of them has been due.
    """

    name: str
    state: str
    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed on every attempt and is waiting for an operator."""

    id: int
    name: str
    attempts: int
    failed_at: datetime
    error: str | None


async def backlog(db: Db) -> list[Backlog]:
    """Count the jobs by name and state."""
    rows = await db.execute(
        text(
            "SELECT entrypoint AS name, status::text AS state, count(*) AS count,"
            " greatest(0, extract(epoch FROM now() - min(execute_after)))::float8 AS oldest_seconds"
            " FROM pgqueuer GROUP BY 1, 2 ORDER BY 1, 2"
        )
    )
    return [Backlog(**row._mapping) for row in rows]


async def dead_letters(db: Db, limit: int = 100) -> list[DeadLetter]:
    """The jobs that failed permanently, the latest first, each with its last error."""
    rows = await db.execute(
        text(
            "SELECT job.id, job.entrypoint AS name, job.attempts, job.updated AS failed_at,"
            " last.traceback->>'exception_type' || ': '"
            " || left(last.traceback->>'exception_message', 500) AS error"
            " FROM pgqueuer job LEFT JOIN LATERAL (SELECT traceback FROM pgqueuer_log log"
            " WHERE log.job_id = job.id AND traceback IS NOT NULL"
            " ORDER BY log.created DESC, log.id DESC LIMIT 1) last ON true"
            " WHERE job.status = 'failed' ORDER BY job.updated DESC, job.id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [DeadLetter(**row._mapping) for row in rows]


async def retry(tx: Transaction, ids: Collection[int] | None = None) -> int:
    """Requeue failed jobs, all or the given ones, with a fresh set of attempts; return how many."""
    found = await tx.execute(
        text(
            "SELECT id FROM pgqueuer WHERE status = 'failed'"
            " AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids)) FOR UPDATE"
        ),
        {"ids": None if ids is None else list(ids)},
    )
    failed = [JobId(row.id) for row in found]
    await (await queries_in(tx)).requeue_jobs(failed)
    return len(failed)


async def queries_in(tx: Transaction) -> Queries:
    """The queue library's queries, run inside `tx`."""
    # The dialect sends BEGIN with the first statement; raw use must not run before it.
    await tx.exec_driver_sql("SELECT 1")
    raw = await tx.get_raw_connection()
    return Queries.from_asyncpg_connection(
        cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)
    )


async def prune_log(db: Db) -> None:
    """Delete old entries of the queue's log and statistics."""
    for table in ("pgqueuer_log", "pgqueuer_statistics"):
        await db.execute(
            text(f"DELETE FROM {table} WHERE created < now() - :kept"),  # noqa: S608 - constants
            {"kept": LOG_KEPT},
        )
