"""The worker: what becomes of a job, whatever becomes of the worker."""

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import asyncpg
import httpx
import pytest
from pgqueuer.queries import Queries
from sqlalchemy import text

from backend.core.jobs import lanes, queue
from backend.core.jobs.backlog import backlog, dead_letters, retry
from backend.core.jobs.queue import JobTable, enqueue
from backend.core.services import Services
from backend.core.settings import Settings
from backend.worker import DirectConnectionNeeded, run_worker
from tests.support.dev_stack import free_port
from tests.support.workers import add, done, until, working

WAITS = text(
    "SELECT extract(epoch FROM execute_after - updated) FROM pgqueuer WHERE entrypoint = 'together'"
)
"""How many seconds each failed job waits for its next attempt."""


class TestEnqueue:
    async def test_a_job_exists_only_if_the_transaction_commits(
        self, own: Services, table: JobTable
    ) -> None:
        ran: list[str] = []

        @table.job("note")
        async def note(_services: Services, word: str) -> None:
            ran.append(word)

        async with own.database.engine.connect() as tx:
            await enqueue(tx, "note", {"word": "rolled back"})
            await tx.rollback()
        async with own.database.transaction() as tx:
            await enqueue(tx, "note", {"word": "committed"})
        async with working(own.settings):
            await until(lambda: done(own))

        assert ran == ["committed"]

    async def test_a_key_keeps_a_waiting_job_from_being_added_twice(self, own: Services) -> None:
        later = timedelta(days=1)

        await add(own, "once", dedupe_key="only", delay=later)
        await add(own, "once", dedupe_key="only", delay=later)

        counts = {count.name: count.count for count in await backlog(own.database.autocommit)}
        assert counts["once"] == 1


class TestFailing:
    async def test_a_job_that_fails_is_tried_again(self, own: Services, table: JobTable) -> None:
        attempts: list[float] = []

        @table.job("shaky")
        async def shaky(_services: Services) -> None:
            attempts.append(time.monotonic())
            if len(attempts) == 1:
                raise ConnectionError("not today")

        await add(own, "shaky")
        async with working(own.settings):
            await until(lambda: done(own, "shaky"))

        assert len(attempts) == 2
        assert attempts[1] - attempts[0] >= 0.5

    @pytest.mark.parametrize(("attempts", "longest"), [(4, 16), (12, 600)])
    async def test_jobs_that_fail_together_are_tried_again_one_by_one(
        self,
        own: Services,
        table: JobTable,
        attempts: int,
        longest: float,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The waits double, up to ten minutes, and each is cut by up to a half at random."""

        @table.job("together")
        async def together(_services: Services) -> None:
            raise ConnectionError("the store is down")

        monkeypatch.setattr(queue, "MAX_ATTEMPTS", 1000)
        db = own.database.autocommit
        for _ in range(20):
            await add(own, "together")
        await db.execute(text(f"UPDATE pgqueuer SET attempts = {attempts}"))
        async with working(own.settings):

            async def all_failed() -> bool:
                failed = text(f"SELECT count(*) FROM pgqueuer WHERE attempts > {attempts}")
                return int((await db.execute(failed)).scalar_one()) >= 20

            await until(all_failed)
        waits = [float(wait) for wait in (await db.execute(WAITS)).scalars()]
        await db.execute(text("DELETE FROM pgqueuer WHERE entrypoint = 'together'"))

        assert len(waits) == 20
        assert longest / 2 <= min(waits)
        assert max(waits) <= longest
        assert max(waits) - min(waits) > longest / 10

    async def test_a_job_that_always_fails_waits_for_an_operator(
        self, own: Services, table: JobTable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = True
        ran = asyncio.Event()

        @table.job("doomed")
        async def doomed(_services: Services) -> None:
            if broken:
                raise ValueError("the disk is on fire")
            ran.set()

        monkeypatch.setattr(queue, "MAX_ATTEMPTS", 0)
        monkeypatch.setattr(lanes, "POLLED_EVERY", timedelta(seconds=1))
        await add(own, "doomed")
        async with working(own.settings):

            async def failed() -> bool:
                return bool(await dead_letters(own.database.autocommit))

            await until(failed)
            (letter,) = await dead_letters(own.database.autocommit)
            assert letter.name == "doomed"
            assert letter.error == "ValueError: the disk is on fire"

            broken = False
            async with own.database.transaction() as tx:
                assert await retry(tx, [letter.id]) == 1
            await asyncio.wait_for(ran.wait(), 30)

        assert await dead_letters(own.database.autocommit) == []


class TestWorker:
    async def test_reconnects_when_the_database_went_away(
        self, own: Services, own_url: str, table: JobTable
    ) -> None:
        ran = asyncio.Event()

        @table.job("after")
        async def after(_services: Services) -> None:
            ran.set()

        async with working(own.settings):
            await asyncio.sleep(1)
            connection = await asyncpg.connect(own_url)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.close()
            await add(own, "after")
            await asyncio.wait_for(ran.wait(), 30)

    async def test_finishes_the_running_job_before_it_stops(
        self, own: Services, table: JobTable
    ) -> None:
        started, finished = asyncio.Event(), asyncio.Event()

        @table.job("slow")
        async def slow(_services: Services) -> None:
            started.set()
            await asyncio.sleep(1)
            finished.set()

        await add(own, "slow")
        async with working(own.settings):
            await asyncio.wait_for(started.wait(), 30)

        assert finished.is_set()
        assert await done(own, "slow")

    async def test_periodic_jobs_run_once_however_many_workers(
        self, own: Services, table: JobTable
    ) -> None:
        runs: list[float] = []

        @table.every("* * * * * */2", "tick")
        async def tick(_services: Services) -> None:
            runs.append(time.monotonic())
            await asyncio.sleep(0.2)

        async def ran_thrice() -> bool:
            return len(runs) >= 3

        async with working(own.settings, workers=3):
            await until(ran_thrice, 60)

        gaps = [later - earlier for earlier, later in pairwise(runs)]
        assert min(gaps) > 1

    async def test_tells_how_it_is(self, own: Services, table: JobTable) -> None:
        port = free_port()
        await add(own, "waiting", delay=timedelta(days=1))

        async with (
            working(own.settings.model_copy(update={"worker_metrics_port": port})),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as probe,
        ):

            async def answers() -> bool:
                try:
                    return (await probe.get("/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(answers)
            metrics = (await probe.get("/metrics")).text

        assert 'jobs{name="waiting",state="queued"} 1.0' in metrics

    async def test_refuses_a_pooler_that_passes_no_notification_on(
        self, settings: Settings
    ) -> None:
        pooled = settings.database.model_copy(update={"pooler": "transaction", "direct_url": None})

        with pytest.raises(DirectConnectionNeeded, match="Set DATABASE_DIRECT_URL"):
            await run_worker(settings.model_copy(update={"database": pooled}), asyncio.Event())


async def test_the_queue_has_the_tables_the_installed_library_expects(own_url: str) -> None:
    connection = await asyncpg.connect(own_url)
    try:
        plan = await Queries.from_asyncpg_connection(connection).plan_upgrade()
    finally:
        await connection.close()

    assert plan.statements == ()
