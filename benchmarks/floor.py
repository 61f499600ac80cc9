"""The floor: a bare ASGI application that runs the product's own SQL and signs once.

No authentication, no validation, no schema, no logs: what is left is what PostgreSQL, asyncpg, the
HTTP server and one signature cost. The product's figures are read against it.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from backend.core.database.engine import fetch
from backend.core.database.prepared import Prepared
from backend.core.services import Services, open_services
from backend.core.settings import Settings
from backend.features.files.downloads import DOWNLOAD
from backend.features.tree.children import listing
from backend.features.tree.nodes import NODE
from backend.features.uploads.queries import BEGIN_IN_ROOT, bound_names
from backend.kit.ids import uuid7
from backend.kit.text.names import name_key

HOUR = timedelta(hours=1)
CHILDREN = listing("name", None, continued=False)
Handler = Callable[[dict[str, Any]], Awaitable[Any]]


class Floor:
    """`POST /<operation>` with the values of its SQL as JSON."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._services: Services
        self._handlers: dict[str, Handler] = {
            "/begin": self._begin,
            "/download-url": self._download,
            "/metadata": self._metadata,
            "/children": self._children,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, or start and stop."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        handler = self._handlers.get(scope["path"])
        answer = await handler(orjson.loads(body)) if handler else {}
        await _answer(send, answer)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._services = await self._stack.enter_async_context(open_services(Settings()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _rows(self, statement: Prepared[Any], **values: Any) -> Any:
        return await fetch(self._services.database.autocommit, statement, **values)

    async def _begin(self, body: dict[str, Any]) -> Any:
        now = datetime.now(UTC)
        key = f"objects/20260101/{uuid7()}"
        values = {
            "id": uuid7(),
            "created_by": UUID(body["user_id"]),
            "name": "notes.txt",
            "name_key": name_key("notes.txt"),
            "size": 12,
            "content_type": "text/plain",
            "checksum_sha256": None,
            "method": "put",
            "on_conflict": "rename",
            "object_key": key,
            "s3_upload_id": None,
            "part_size": None,
            "heal_at": now,
            "expires_at": now + HOUR,
            "event_id": uuid7(),
            "actor_kind": "user",
            "actor_id": None,
            "ip": None,
            "request_id": None,
        }
        (row,) = await self._rows(BEGIN_IN_ROOT, **bound_names(values))
        put = self._services.presigner.put(key, size=12, content_type="text/plain", expires=HOUR)
        return {"id": row.id, "url": put.url, "headers": put.headers}

    async def _download(self, body: dict[str, Any]) -> Any:
        (row,) = await self._rows(DOWNLOAD, **_ids(body), version_id=None)
        get = self._services.presigner.get(
            row.object_key, filename=row.name, content_type=row.content_type, expires=HOUR
        )
        return {"id": row.id, "url": get.url}

    async def _metadata(self, body: dict[str, Any]) -> Any:
        (row,) = await self._rows(NODE, **_ids(body))
        return {name: value for name, value in row.items() if name != "path"}

    async def _children(self, body: dict[str, Any]) -> Any:
        rows = await self._rows(CHILDREN, **_ids(body), rows=101)
        return [dict(row.items()) for row in rows]


def _ids(body: dict[str, Any]) -> dict[str, UUID]:
    return {name: UUID(value) for name, value in body.items()}


async def _answer(send: Any, body: Any) -> None:
    content = orjson.dumps(body, default=str)
    length = (b"content-length", str(len(content)).encode())
    headers = [(b"content-type", b"application/json"), length]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def create_floor() -> Floor:
    """The application, for `uvicorn --factory`."""
    return Floor()
