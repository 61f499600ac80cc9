#!/usr/bin/env python3
"""Prove that a deployed We-Upload works: upload a file, share it, download it, compare.

    scripts/smoke.py https://uploads.example.com

Needs nothing but Python. It registers an account and deletes it at the end; where registration
is closed, set SMOKE_EMAIL and SMOKE_PASSWORD to an account that exists.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

SIZE = 1024**2
TIMEOUT = 30
LONG = re.compile(r"[\w-]{32,}")  # ids, and the tokens of links, which no log shall hold


class SmokeError(Exception):
    """What was expected of the deployment and did not happen."""


def send(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """One request; an error status is an answer, not an exception."""
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def expect(status: int, answer: tuple[int, bytes], what: str) -> bytes:
    """The body, when the status is the expected one."""
    got, body = answer
    if got != status:
        detail = body[:500].decode(errors="replace")
        raise SmokeError(f"{what}: expected {status}, got {got}: {detail}")
    print(f"ok  {what}")
    return body


@dataclass
class Client:
    """A caller of the API at `base`."""

    base: str
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, status: int, method: str, path: str, body: object = None) -> Any:
        """Send JSON, expect `status`, give back JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/json"}
        what = f"{method} {LONG.sub('...', path)}"
        answer = expect(status, send(method, self.base + path, data, headers), what)
        return json.loads(answer) if answer else None

    def sign_in(self, email: str, password: str) -> None:
        """Carry an access token from now on."""
        form = urlencode({"grant_type": "password", "username": email, "password": password})
        answer = send("POST", f"{self.base}/v1/auth/token", form.encode())
        token = json.loads(expect(200, answer, "POST /v1/auth/token"))["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"


def wait_until_ready(base: str, seconds: float = 120) -> None:
    """A deployment may still be taking its first breath."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = send("GET", f"{base}/ready")
        except OSError as error:
            answer = (0, str(error).encode())
        if answer[0] == 200 or time.monotonic() > deadline:
            expect(200, answer, "GET /ready")
            return
        time.sleep(2)


def upload(client: Client, content: bytes) -> str:
    """Put `content` straight into S3; the file's id."""
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    wish = {"name": "smoke.bin", "size": len(content), "method": "put", "checksum_sha256": checksum}
    begun = client.call(201, "POST", "/v1/uploads", wish)
    request = begun["request"]
    tampered = bytes([content[0] ^ 1]) + content[1:]
    if send("PUT", request["url"], tampered, request["headers"])[0] < 400:
        raise SmokeError("S3 took bytes that are not those of the signed checksum")
    expect(200, send("PUT", request["url"], content, request["headers"]), "PUT to S3")
    done = client.call(200, "POST", f"/v1/uploads/{begun['id']}/complete", {})
    return str(done["file"]["id"])


def download_by_link(base: str, token: str) -> bytes:
    """What someone without an account gets."""
    anyone = Client(base)
    anyone.call(200, "GET", f"/v1/public/links/{token}")
    url = anyone.call(200, "POST", f"/v1/public/links/{token}/download-url", {})["url"]
    return expect(200, send("GET", url), "GET from S3")


def story(client: Client) -> None:
    """Upload, share, download, compare."""
    content = secrets.token_bytes(SIZE)
    file_id = upload(client, content)
    link = client.call(201, "POST", f"/v1/files/{file_id}/links", {"max_downloads": 1})
    received = download_by_link(client.base, link["token"])
    if hashlib.sha256(received).digest() != hashlib.sha256(content).digest():
        raise SmokeError("the downloaded bytes are not the uploaded ones")
    print("ok  the same bytes came back")
    client.call(204, "DELETE", f"/v1/files/{file_id}")


def main(base: str) -> None:
    """Tell the story with the account that is given, else with one made for it."""
    wait_until_ready(base)
    client = Client(base)
    if os.environ.get("SMOKE_EMAIL"):
        client.sign_in(os.environ["SMOKE_EMAIL"], os.environ["SMOKE_PASSWORD"])
        story(client)
        return
    email, password = f"smoke-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(24)
    client.call(201, "POST", "/v1/auth/register", {"email": email, "password": password})
    client.sign_in(email, password)
    try:
        story(client)
    finally:
        client.call(204, "DELETE", "/v1/users/me")


if __name__ == "__main__":
    try:
        main(sys.argv[1].rstrip("/"))
    except (SmokeError, OSError) as error:
        sys.exit(f"FAILED  {error}")
