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

HEALTH = "/_ministack/health"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def guarded(scope: Message, receive: Receive, send: Send) -> None:
    """Pass on what S3 clients ask for, untouched; answer 404 to the rest.

    No bucket's name can begin with an underscore, and ours is in the path, not in the host.
    `path` has been percent-decoded.
    """
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # policy violation (RFC 6455, 7.4.1)
    elif scope["type"] == "http" and _is_internal(scope["method"], scope["path"]):
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
    else:
        await ministack(scope, receive, send)


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
