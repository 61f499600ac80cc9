"""A large file goes up in parts, the client stops in the middle, and a friend gets it by link."""

import hashlib
import random
from typing import Any

import httpx

from tests.support.people import Register
from tests.support.sharing import make_link, public

MEGABYTE = 1_000_000
SIZE = 200 * MEGABYTE


def content(start: int, length: int) -> bytes:
    """Bytes `start` and following of a file that is nowhere kept: each megabyte from its number."""
    end, pieces = start + length, []
    for number in range(start // MEGABYTE, -(-end // MEGABYTE)):
        first = number * MEGABYTE
        block = random.Random(number).randbytes(MEGABYTE)
        pieces.append(block[max(0, start - first) : min(MEGABYTE, end - first)])
    return b"".join(pieces)


def expected_sha256() -> str:
    digest = hashlib.sha256()
    for start in range(0, SIZE, MEGABYTE):
        digest.update(content(start, MEGABYTE))
    return digest.hexdigest()


async def send(parts: list[dict[str, Any]], part_size: int) -> None:
    async with httpx.AsyncClient(timeout=60) as s3:
        for part in parts:
            body = content((part["part_number"] - 1) * part_size, part["size"])
            answer = await s3.put(part["url"], headers=part["headers"], content=body)
            assert answer.status_code == 200, answer.text


async def received_sha256(url: str) -> str:
    digest = hashlib.sha256()
    async with httpx.AsyncClient(timeout=60) as s3, s3.stream("GET", url) as answer:
        assert answer.status_code == 200
        async for piece in answer.aiter_bytes():
            digest.update(piece)
    return digest.hexdigest()


async def test_200_megabytes_survive_an_interruption_and_a_password_protected_link(
    register: Register, http: httpx.AsyncClient
) -> None:
    ada = await register("ada")
    wish = {"name": "film.bin", "size": SIZE}
    begun = (await ada.http.post("/v1/uploads", json=wish)).json()
    assert begun["method"] == "multipart"
    half = begun["part_count"] // 2

    # The client sends half of it, and is gone.
    await send(begun["parts"][:half], begun["part_size"])

    # Another one knows nothing but who she is.
    (found,) = (await ada.http.get("/v1/uploads?state=pending")).json()["items"]
    now = (await ada.http.get(f"/v1/uploads/{found['id']}")).json()
    there = {part["part_number"] for part in now["uploaded_parts"]}
    missing = [number for number in range(1, now["part_count"] + 1) if number not in there]
    assert there == set(range(1, half + 1))
    signed = await ada.http.post(f"/v1/uploads/{now['id']}/parts", json={"part_numbers": missing})
    await send(signed.json()["parts"], now["part_size"])
    done = (await ada.http.post(f"/v1/uploads/{now['id']}/complete")).json()
    assert done["state"] == "completed"
    assert done["file"]["size"] == SIZE

    link = await make_link(ada, done["file"], password="open sesame", max_downloads=1)
    refused = await http.post(public(link, "/download-url"), json={})
    assert refused.status_code == 401
    unlocked = await http.post(public(link, "/unlock"), json={"password": "open sesame"})
    headers = {"Authorization": f"Bearer {unlocked.json()['access_token']}"}
    given = await http.post(public(link, "/download-url"), json={}, headers=headers)

    assert await received_sha256(given.json()["url"]) == expected_sha256()
    again = await http.post(public(link, "/download-url"), json={}, headers=headers)
    assert again.json()["code"] == "downloads_exhausted"
