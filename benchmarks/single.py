"""What differs at every request, so that wrk cannot repeat it: timed one by one with httpx."""

import asyncio
import statistics
import time
from typing import Any

import httpx

from benchmarks.seed import World, bearer

UPLOADS = 200
MIB = 2**20


async def single_operations(api: str, world: World) -> dict[str, float]:
    """Milliseconds: complete a small file (median, p99), sign 10,000 parts, others meanwhile."""
    async with httpx.AsyncClient(base_url=api, headers=bearer(world.tokens[0]), timeout=60) as http:
        completes = await _complete_small_files(http)
        signing, alone, meanwhile = await _sign_ten_thousand(http, str(world.file_ids[0]))
    return {
        "complete (small file), median": statistics.median(completes),
        "complete (small file), p99": statistics.quantiles(completes, n=100)[98],
        "sign 10,000 parts": signing,
        "p99 of other requests, alone": alone,
        "p99 of other requests, while 10,000 parts are signed": meanwhile,
    }


async def _complete_small_files(http: httpx.AsyncClient) -> list[float]:
    times = []
    for number in range(UPLOADS):
        body = {"name": f"small-{number}.txt", "size": 5, "content_type": "text/plain"}
        upload = (await http.post("/v1/uploads", json=body)).raise_for_status().json()
        request = upload["request"]
        async with httpx.AsyncClient() as s3:
            put = await s3.put(request["url"], headers=request["headers"], content=b"hello")
            put.raise_for_status()
        times.append(await _timed(http.post(f"/v1/uploads/{upload['id']}/complete")))
    return times


async def _sign_ten_thousand(http: httpx.AsyncClient, file_id: str) -> tuple[float, float, float]:
    body = {"name": "film.mkv", "size": 10_000 * 16 * MIB, "method": "multipart"}
    upload = (await http.post("/v1/uploads", json=body)).raise_for_status().json()
    url, numbers = f"/v1/uploads/{upload['id']}/parts", {"first": 1, "last": 10_000}
    signing = statistics.median([await _timed(http.post(url, json=numbers)) for _ in range(5)])
    alone = await _p99_of_others(http, file_id, asyncio.sleep(2))
    meanwhile = await _p99_of_others(http, file_id, _repeat(http, url, numbers))
    return signing, alone, meanwhile


async def _repeat(http: httpx.AsyncClient, url: str, numbers: dict[str, int]) -> None:
    for _ in range(5):
        (await http.post(url, json=numbers)).raise_for_status()


async def _p99_of_others(http: httpx.AsyncClient, file_id: str, busy: Any) -> float:
    """Look a file up again and again until `busy` is done."""
    task = asyncio.ensure_future(busy)
    times = []
    while not task.done():
        times.append(await _timed(http.get(f"/v1/files/{file_id}")))
    await task
    return statistics.quantiles(times, n=100)[98]


async def _timed(answer: Any) -> float:
    """Milliseconds that a request takes."""
    start = time.perf_counter()
    (await answer).raise_for_status()
    return (time.perf_counter() - start) * 1000
