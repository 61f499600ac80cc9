"""`make soak SOAK_MINUTES=2`: exit code 0 if everything is as it must be."""

import asyncio
import json
import os
import signal
import sys
import time
from random import Random

import asyncpg
from rich.console import Console

from backend.core.s3.store import open_object_store
from backend.core.settings import S3Settings
from benchmarks.soak.processes import Service, running_services
from benchmarks.soak.traffic import Client, Log, act
from benchmarks.soak.verdict import Found, judge
from benchmarks.stack import UNLIMITED, running_stack

CLIENTS = 12
SETTLED_WITHIN = 180
"""Seconds until the workers have completed what clients abandoned and done what is due: the first
look at an upload is after a minute, and the sweep comes every minute."""
RATES = ("SHARING_DOWNLOAD_RATE", "SHARING_UNLOCK_RATE")
NOT_DONE = """SELECT count(*) FROM pgqueuer WHERE status <> 'failed' AND execute_after <= now()"""
FAILED = """SELECT count(*) FROM pgqueuer WHERE status = 'failed'"""
say = Console(stderr=True, highlight=False).print


async def soak(minutes: float, seed: int) -> bool:
    """Run it all; whether it was passed."""
    async with running_stack() as stack:
        async with open_object_store(S3Settings()) as objects:
            await objects.storage.ensure_bucket([])
        env = stack.env | dict.fromkeys(RATES, UNLIMITED)
        env |= {"AUTH_ACCESS_TOKEN_TTL": "P1D", "LOG_LEVEL": "warning"}
        async with running_services(stack.home, env) as services:
            say(f"{CLIENTS} clients, {minutes:g} minutes, seed {seed}")
            return judge(await _run(env, services, minutes * 60, seed))


async def _run(env: dict[str, str], services: list[Service], seconds: float, seed: int) -> Found:
    log, apis = Log(), [service.url for service in services if service.serves]
    clients = [Client(apis, log, Random(seed + number)) for number in range(CLIENTS)]
    for client in clients:
        await client.register()
    began = time.monotonic()
    ended = began + seconds
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(act(client, ended))
        tasks.create_task(_restart_each(services, began, seconds))
    lost = await _lost(log)
    await _read_back(clients)
    failed_jobs = await _jobs_done(env)
    for client in clients:
        await client.close()
    code, findings = await _fsck(env)
    return Found(log, CLIENTS, services, ended, lost, failed_jobs, code, findings)


async def _restart_each(services: list[Service], began: float, seconds: float) -> None:
    """In the first half of the time, one after the other, by request and by force in turn."""
    for number, service in enumerate(services):
        await asyncio.sleep(max(0, began + seconds * (0.1 + 0.1 * number) - time.monotonic()))
        how = signal.SIGKILL if number % 2 else signal.SIGTERM
        await service.restart(how)
        say(f"{service.name} restarted after {how.name}")


async def _lost(log: Log) -> int:
    """How many uploads have not become files in time, though their bytes were sent."""
    waiting = dict(log.sent)
    deadline = time.monotonic() + SETTLED_WITHIN
    while waiting and time.monotonic() < deadline:
        for upload_id, client in list(waiting.items()):
            answer = await client.ask("GET", f"/v1/uploads/{upload_id}")
            if answer.json()["state"] == "completed":
                del waiting[upload_id]
        await asyncio.sleep(2 if waiting else 0)
    return len(waiting)


async def _read_back(clients: list[Client]) -> None:
    """Download every file that must be there."""
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.read_back())


async def _jobs_done(env: dict[str, str]) -> int:
    """Wait until the workers have done what is due; how many jobs have failed for good."""
    database = await asyncpg.connect(env["DATABASE_URL"])
    for _ in range(SETTLED_WITHIN):
        if not await database.fetchval(NOT_DONE):
            break
        await asyncio.sleep(1)
    failed: int = await database.fetchval(FAILED)
    await database.close()
    return failed


async def _fsck(env: dict[str, str]) -> tuple[int, dict[str, int]]:
    """Run the command; its exit code, and how much of what it found."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend.cli", "fsck", "--json", "--older-than", "0"),
        env=env,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    *findings, summary = map(json.loads, output.decode().splitlines())
    if findings:
        say("fsck, the first ten:", *findings[:10], sep="\n")
    return process.returncode or 0, summary["found"]


if __name__ == "__main__":
    given_minutes = float(os.environ.get("SOAK_MINUTES", "2"))
    given_seed = int(os.environ.get("SOAK_SEED", time.time_ns() % 10**6))
    sys.exit(not asyncio.run(soak(given_minutes, given_seed)))
