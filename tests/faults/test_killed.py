"""Killed anywhere: SIGKILL at every named step, then everything is as it must be.

The seed is printed; `FAULT_SEED=… FAULTS=… pytest tests/faults/test_killed.py` repeats its choices.
"""

import asyncio
import os
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random, SystemRandom
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, update

from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from backend.features.uploads.queries import is_open
from backend.models import Upload
from tests.conftest import UNLIMITED, new_database
from tests.faults.healing import let_time_pass, what_is_left
from tests.faults.lives import Lives, lives
from tests.faults.reckoning import reckon
from tests.faults.steps import HEALING, STORIES, Client, Ledger, Story
from tests.support.embedded_s3 import Endpoint
from tests.support.people import Person, people
from tests.support.transfer import begin, send

FAULTS = int(os.environ.get("FAULTS", "500"))
SEED = int(os.environ.get("FAULT_SEED", SystemRandom().randrange(10**6)))
LANES = 3
ROUNDS = 5
HEALED_BY = 0.2
"""The share of faults that hit workers."""


@dataclass
class Run:
    """One whole run."""

    lives: Lives
    services: Services
    people: list[Person]
    random: Random = field(default_factory=lambda: Random(SEED))
    ledger: Ledger = field(default_factory=Ledger)
    died: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.plan = shuffled(self.random)


def shuffled(random: Random) -> Iterator[tuple[Story, str]]:
    """Every story with every step it can die at, in an order of its own each time."""
    chances = [(story, point) for story, points in STORIES.items() for point in points]
    while True:
        random.shuffle(chances)
        yield from chances


@pytest.fixture(scope="module")
async def run(
    postgres_url: str, s3_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Run]:
    settings = Settings(
        s3=S3Settings(endpoint_url=s3_endpoint.url, bucket="faults"),
        database=DatabaseSettings(url=SecretStr(await new_database(postgres_url))),
        auth=AuthSettings(**UNLIMITED),
    )
    log = tmp_path_factory.mktemp("faults") / "log"
    sys.stdout.write(f"FAULT_SEED={SEED} FAULTS={FAULTS}; the processes log to {log}\n")
    async with open_services(settings) as services:
        await services.storage.ensure_bucket([])
        async with lives(settings, LANES, log) as started, people(started.urls[0]) as register:
            crowd = [await register(f"lane{lane}") for lane in range(LANES)]
            for person, url in zip(crowd, started.urls, strict=True):
                person.http.base_url = httpx.URL(url)
            yield Run(started, services, crowd)


@pytest.mark.timeout(1200)
async def test_nothing_is_lost(run: Run, record_property: Callable[[str, object], None]) -> None:
    started = time.monotonic()
    for _ in range(ROUNDS):
        for act in (kill_api, kill_workers, heal):
            await act(run)
        await reckon(run.services, run.ledger)

    injected = sum(run.died.values())
    took = time.monotonic() - started
    steps = ", ".join(f"{count} {point}" for point, count in sorted(run.died.items()))
    record_property("figures", f"{injected} faults injected in {took:.0f} s, seed {SEED}: {steps}")
    assert injected >= FAULTS
    assert set(run.died) >= {point for points in STORIES.values() for point in points}


def test_every_named_step_is_in_the_plan() -> None:
    sources = (Path(__file__).parents[2] / "backend").rglob("*.py")
    named = {
        point
        for source in sources
        for point in re.findall(r'reach\("([^"]+)"\)', source.read_text())
    }

    assert named == {point for points in STORIES.values() for point in points} | set(HEALING)


async def kill_api(run: Run) -> None:
    """Clients on all lanes, until so many of their requests were cut off by a death."""
    count = round(FAULTS * (1 - HEALED_BY) / ROUNDS)
    plan = islice(run.plan, count)

    async def lane(person: Person) -> None:
        client = Client(person, run.ledger, Random(run.random.random()))
        for story, point in plan:
            await story(client, point)
            run.died[point] += 1

    before = run.lives.killed["api"]
    async with asyncio.TaskGroup() as lanes:
        for person in run.people:
            lanes.create_task(lane(person))
    async with asyncio.timeout(30):  # a death is noticed a moment later than its client notices it
        while run.lives.killed["api"] - before < count:
            await asyncio.sleep(0.05)
    assert run.lives.killed["api"] - before == count


async def kill_workers(run: Run) -> None:
    """One worker after the other, each with something to do at the step it dies at."""
    died, count = 0, round(FAULTS * HEALED_BY / ROUNDS)
    for number in range(count * 3):
        point = HEALING[number % len(HEALING)]
        await leave_work(run)
        await let_time_pass(run.services)
        async with run.lives.worker(point) as ended:
            try:
                async with asyncio.timeout(10):
                    killed = await asyncio.shield(ended)
            except TimeoutError:
                continue
        died += killed
        run.died[f"worker at {point}"] += killed
        if died == count:
            return
    raise AssertionError(f"only {died} of {count} workers reached their step")


async def leave_work(run: Run) -> None:
    """Bytes without a client, an upload that is over its time, and a posted form."""
    client = Client(run.random.choice(run.people), run.ledger, run.random)
    content = client.content()
    method = run.random.choice(["put", "post"])
    upload = await client.begun(content, method=method)
    await send(upload["request"], content)
    client.arrived(upload, content)
    late = await begin(client.person, content, method="multipart")
    expired = update(Upload).where(Upload.id == UUID(late["id"])).values(expires_at=func.now())
    await run.services.database.autocommit.execute(expired)
    run.ledger.ended[late["id"]] = "expired"
    run.ledger.events["upload.expired", late["id"]] = 1


async def heal(run: Run) -> None:
    """Let workers finish what was left behind; uploads that got no bytes run out of time."""
    db = run.services.database.autocommit
    left = "everything"
    async with asyncio.timeout(60):
        while left:
            await db.execute(update(Upload).where(is_open).values(expires_at=func.now()))
            await let_time_pass(run.services)
            async with run.lives.worker():
                left = await what_is_left(run.services, seconds=3)
