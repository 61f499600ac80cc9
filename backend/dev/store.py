"""The S3 server's process: ministack's application, behind a guard, on BIND_HOST:GATEWAY_PORT.

ministack's own operations below `/_` need no credential: one deletes every object
(`POST /_ministack/reset`), another changes settings. No setting of ministack 1.5.33 turns them off.
"""

import asyncio
import os
import resource
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app as ministack

from backend.dev.signatures import acceptable_header, acceptable_query, is_root, key_of

HEALTH = "/_ministack/health"
MAX_BODY = 1024**2
"""Bytes of a request to another service than S3: SQS takes a quarter of that."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def guarded(scope: Message, receive: Receive, send: Send) -> None:
    """Pass on what S3 clients ask for, untouched; answer 404 or 403 to the rest.

    No bucket's name can begin with an underscore, and ours is in the path, not in the host.
    `path` has been percent-decoded.
    """
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # policy violation (RFC 6455, 7.4.1)
    elif scope["type"] == "http" and _is_internal(scope["method"], scope["path"]):
        await _answer(send, 404)
    elif scope["type"] == "http":
        await _checked(scope, receive, send)
    else:
        await ministack(scope, receive, send)


async def _checked(scope: Message, receive: Receive, send: Send) -> None:
    """Refuse what claims to be signed by the root key and is not."""
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    headers = _headers(scope["headers"])
    if not headers.get("authorization", "").strip():  # an empty one says no more than none
        headers.pop("authorization", None)
        raw = [header for header in scope["headers"] if header[0].lower() != b"authorization"]
        scope = {**scope, "headers": raw}
    if not acceptable_query(scope["query_string"], key):
        await _answer(send, 403)
        return
    if "authorization" not in headers:
        await ministack(scope, receive, send)
        return
    who = key_of(headers["authorization"])
    if is_root(who):
        await _answer(send, 403)
        return
    if who == key:
        body = b""
        if "x-amz-content-sha256" not in headers:  # as S3 clients send it always, and others never
            body, receive = await _read(receive)
        request = (scope["method"], scope["raw_path"], scope["query_string"], headers, body)
        if not acceptable_header(*request, secret):
            await _answer(send, 403)
            return
    await ministack(scope, receive, send)


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By name; a repeated one as SigV4 signs it."""
    headers: dict[str, str] = {}
    for name, value in raw:
        text, known = value.decode("latin-1"), name.decode("latin-1").lower()
        headers[known] = f"{headers[known]},{text}" if known in headers else text
    return headers


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a function that gives it once more."""
    body = b""
    more = True
    while more and len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        nonlocal body
        given, body = body, b""
        return {"type": "http.request", "body": given, "more_body": False}

    return body, again


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _is_internal(method: str, path: str) -> bool:
    return path.lstrip("/").startswith("_") and (method, path) != ("GET", HEALTH)


def main() -> None:
    """Serve until SIGTERM, with the options of ministack's own `main`."""
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(guarded, config))  # type: ignore[arg-type]  # its types are of its own


if __name__ == "__main__":
    main()
