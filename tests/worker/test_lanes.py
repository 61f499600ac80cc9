"""Lanes: what is long, full or stuck holds up nobody but its like."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from backend.core.jobs.backlog import backlog
from backend.core.jobs.queue import JobTable, Lane
from backend.core.services import Services
from backend.worker import JOB_TABLES
from tests.support.dev_stack import free_port
from tests.support.workers import add, done, until, working

long_lanes = pytest.mark.parametrize("lane", [Lane.LONG, Lane.BYTES])


class Stuck:
    """A job that runs until the test lets go."""

    def __init__(self) -> None:
        self.runs = 0
        self.running = 0
        self.most = 0
        self.let_go = asyncio.Event()

    async def __call__(self, _services: Services) -> None:
        self.runs += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.let_go.wait()
        finally:
            self.running -= 1


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    stuck = Stuck()
    yield stuck
    stuck.let_go.set()


async def states(services: Services, name: str) -> dict[str, int]:
    found = await backlog(services.database.autocommit)
    return {one.state: one.count for one in found if one.name == name}


class TestIsolation:
    @long_lanes
    async def test_a_short_job_runs_at_once_beside_fifty_that_are_stuck(
        self, own: Services, table: JobTable, stuck: Stuck, lane: Lane
    ) -> None:
        ran = asyncio.Event()

        @table.job("quick")
        async def quick(_services: Services) -> None:
            ran.set()

        table.job("stuck", lane=lane)(stuck)
        for _ in range(50):
            await add(own, "stuck")
        async with working(own.settings):

            async def full() -> bool:
                return stuck.running == 2

            await until(full)
            for _ in range(10):
                ran.clear()
                started = time.monotonic()
                await add(own, "quick")
                await asyncio.wait_for(ran.wait(), 30)
                assert time.monotonic() - started < 1
            assert await states(own, "stuck") == {"picked": 2, "queued": 48}
            stuck.let_go.set()
            await until(lambda: done(own, "stuck"))

        assert stuck.most == 2

    async def test_a_lane_runs_as_many_as_its_setting_says(
        self, own: Services, table: JobTable, stuck: Stuck
    ) -> None:
        table.job("stuck", lane=Lane.BYTES)(stuck)
        for _ in range(12):
            await add(own, "stuck")
        five = own.settings.model_copy(update={"worker_bytes_concurrency": 5})
        async with working(five):

            async def full() -> bool:
                return stuck.running == 5

            await until(full)
            stuck.let_go.set()
            await until(lambda: done(own, "stuck"))

        assert stuck.most == 5

    async def test_a_lost_connection_of_a_lane_with_a_stuck_job_holds_up_no_other(
        self, own: Services, table: JobTable, stuck: Stuck
    ) -> None:
        ran = asyncio.Event()

        @table.job("quick")
        async def quick(_services: Services) -> None:
            ran.set()

        table.job("cut off", lane=Lane.LONG)(stuck)
        await add(own, "cut off")
        async with working(own.settings):

            async def runs() -> bool:
                return stuck.running == 1

            await until(runs)
            await own.database.autocommit.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND query ILIKE '%pgqueuer%'"
                )
            )
            await add(own, "quick")
            await asyncio.wait_for(ran.wait(), 30)
            assert stuck.running == 1
            stuck.let_go.set()


class TestStopping:
    async def test_every_lane_finishes_its_running_jobs(
        self, own: Services, table: JobTable
    ) -> None:
        started: set[str] = set()
        finished: set[str] = set()
        go_on = asyncio.Event()

        def job(name: str) -> None:
            @table.job(name, lane=Lane(name))
            async def slow(_services: Services) -> None:
                started.add(name)
                await go_on.wait()
                finished.add(name)

        for lane in Lane:
            job(lane)
            await add(own, lane)
        async with working(own.settings) as stop:

            async def all_started() -> bool:
                return started == set(Lane)

            await until(all_started)
            stop.set()
            go_on.set()

        assert finished == set(Lane)
        assert [lane for lane in Lane if not await done(own, lane)] == []

    async def test_a_stuck_job_ends_with_the_time_to_drain_and_runs_again(
        self, own: Services, table: JobTable, stuck: Stuck
    ) -> None:
        table.job("stuck", lane=Lane.LONG)(stuck)
        await add(own, "stuck")
        hasty = own.settings.model_copy(update={"drain_timeout": 1})

        async def runs() -> bool:
            return stuck.running == 1

        async with working(hasty):
            await until(runs)
        assert stuck.running == 0
        stuck.let_go.set()
        async with working(own.settings):
            await until(lambda: done(own, "stuck"))
        assert stuck.runs == 2


class TestChosenLanes:
    async def test_others_are_left_alone(self, own: Services, table: JobTable) -> None:
        ran: list[str] = []

        def job(name: str) -> None:
            @table.job(name, lane=Lane(name))
            async def note(_services: Services) -> None:
                ran.append(name)

        for lane in Lane:
            job(lane)
            await add(own, lane)
        async with working(own.settings, lanes={Lane.LONG, Lane.BYTES}):
            await until(lambda: done(own, "long"))
            await until(lambda: done(own, "bytes"))
            assert await states(own, "short") == {"queued": 1}
        assert sorted(ran) == ["bytes", "long"]

        async with working(own.settings, lanes={Lane.SHORT}):
            await until(lambda: done(own, "short"))

    async def test_the_schedule_is_run_by_its_lane(self, own: Services, table: JobTable) -> None:
        ran: set[str] = set()

        def periodic(lane: Lane) -> None:
            @table.every("* * * * * */1", f"tick.{lane}", lane=lane)
            async def tick(_services: Services) -> None:
                ran.add(lane)

        periodic(Lane.SHORT)
        periodic(Lane.LONG)

        async def ticked() -> bool:
            return bool(ran)

        async with working(own.settings, lanes={Lane.LONG}):
            await until(ticked)
        known = await own.database.autocommit.execute(
            text("SELECT entrypoint FROM pgqueuer_schedules WHERE entrypoint LIKE 'tick.%'")
        )
        assert known.scalars().all() == ["tick.long"]
        assert ran == {"long"}

    async def test_one_without_jobs_waits_to_be_stopped(
        self, own: Services, table: JobTable
    ) -> None:
        port = free_port()
        probed = own.settings.model_copy(update={"worker_metrics_port": port})
        async with (
            working(probed, lanes={Lane.BYTES}),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as probe,
        ):

            async def answers() -> bool:
                try:
                    return (await probe.get("/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(answers)


class TestMetrics:
    async def test_tell_the_lane_of_what_waits(self, own: Services, table: JobTable) -> None:
        port = free_port()
        table.job("scan", lane=Lane.BYTES)(Stuck())
        await add(own, "scan", delay=timedelta(days=1))
        probed = own.settings.model_copy(update={"worker_metrics_port": port})
        async with (
            working(probed),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as probe,
        ):

            async def told() -> bool:
                try:
                    metrics = (await probe.get("/metrics")).text
                except httpx.TransportError:
                    return False
                return 'jobs_oldest_due_seconds{lane="bytes",name="scan"} 0.0' in metrics

            await until(told)

    async def test_the_alarm_on_age_is_told_of_short_jobs_alone(
        self, own: Services, table: JobTable, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table.job("walk", lane=Lane.LONG)(Stuck())
        hours_ago = text("UPDATE pgqueuer SET execute_after = now() - interval '3 hours'")
        lines: list[str] = []

        async def told() -> bool:
            lines.extend(line for line in capsys.readouterr().out.splitlines())
            return any('"event":"backlog"' in line for line in lines)

        await own.database.autocommit.execute(text("DELETE FROM pgqueuer"))
        await add(own, "walk")
        await own.database.autocommit.execute(hours_ago)
        async with working(own.settings, lanes={Lane.BYTES}):
            await until(told)
        await own.database.autocommit.execute(text("DELETE FROM pgqueuer"))

        [said] = [json.loads(line) for line in lines if '"event":"backlog"' in line]
        assert said["queued"] == 1
        assert said["oldest_seconds"] == 0
        assert said["oldest_of_all_seconds"] >= 3 * 3600


def test_what_walks_a_tree_or_the_bucket_is_in_the_long_lane() -> None:
    handlers = [
        (name, handler)
        for table in JOB_TABLES
        for name, handler in (*table.handlers.items(), *table.periodic.items())
    ]

    assert {name for name, handler in handlers if handler.lane is Lane.LONG} == {
        "trash.purge",
        "users.purge",
        "fsck.report",
    }
