"""A client's half of an upload: send bytes to S3 exactly as the API said."""

import base64
import hashlib
from typing import Any

import httpx

from tests.support.people import Person, plain_client

Json = dict[str, Any]


def sha256_base64(content: bytes) -> str:
    """A checksum as S3 and the API write it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


async def begin(person: Person, content: bytes, name: str = "notes.txt", **fields: Any) -> Json:
    """Begin an upload of `content`."""
    body = {"name": name, "size": len(content), "content_type": "text/plain", **fields}
    answer = await person.http.post("/v1/uploads", json=body)
    assert answer.status_code == 201, answer.text
    upload: Json = answer.json()
    return upload


async def send(request: Json, content: bytes) -> httpx.Response:
    """Send one presigned PUT or one POST form."""
    async with plain_client(timeout=60) as s3:
        if "fields" in request:
            files = {"file": ("blob", content)}
            return await s3.post(request["url"], data=request["fields"], files=files)
        return await s3.put(request["url"], headers=request["headers"], content=content)


async def send_parts(upload: Json, content: bytes, parts: list[Json] | None = None) -> list[Json]:
    """Send the parts of a multipart upload; gives what `complete` takes."""
    done = []
    for part in parts if parts is not None else upload["parts"]:
        start = (part["part_number"] - 1) * upload["part_size"]
        sent = await send(part, content[start : start + part["size"]])
        assert sent.status_code == 200, sent.text
        done.append({"part_number": part["part_number"], "etag": sent.headers["etag"]})
    return done


async def complete(person: Person, upload: Json, **body: Any) -> httpx.Response:
    """Ask the API to complete."""
    url = f"/v1/uploads/{upload['id']}/complete"
    return await person.http.post(url, json=body) if body else await person.http.post(url)


async def upload_file(
    person: Person, content: bytes, name: str = "notes.txt", **fields: Any
) -> Json:
    """The whole way with one PUT; gives the File."""
    upload = await begin(person, content, name, **fields)
    assert (await send(upload["request"], content)).status_code == 200
    answer = await complete(person, upload)
    assert answer.status_code == 200, answer.text
    file: Json = answer.json()["file"]
    return file


async def usage(person: Person) -> Json:
    """The person's quota."""
    answer: Json = (await person.http.get("/v1/users/me/usage")).json()
    return answer
