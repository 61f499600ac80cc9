"""The direct way: well-formed requests bypass FastAPI's resolver.

FastAPI works out on every request what a route needs and where it comes from. For a route declared
`@direct` that happens once, when the route is created:

    @router.get("/files/{file_id}", response_model=File)
    @direct
    async def get_file(principal: FilesRead, db: Statements, file_id: UUID) -> Response: ...

It returns a `Response` and takes only path and query parameters, one JSON body, the request, and
dependencies that are coroutines of the connection alone; otherwise creating the route fails.

Any other request (with a header that the route reads, another content type, a value that does not
fit) goes the long way from the start, so only one place explains what is wrong with it.
"""

from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.http.direct_plan import Endpoint, NotInOrder, Plan

E = TypeVar("E", bound=Endpoint)


def direct(endpoint: E) -> E:
    """Declare that requests for this route go the direct way; goes below the router's decorator."""
    endpoint.__direct__ = True  # type: ignore[attr-defined]
    return endpoint


def is_declared_direct(endpoint: Any) -> bool:
    """Whether `endpoint` is decorated with `@direct`."""
    return getattr(endpoint, "__direct__", False)


class DirectWay:
    """An ASGI app that serves one route, or hands the request to `long_way` untouched."""

    def __init__(self, plan: Plan, long_way: ASGIApp) -> None:
        self._plan = plan
        self._long_way = long_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["app"].dependency_overrides:  # in tests: FastAPI knows the overrides
            await self._long_way(scope, receive, send)
            return
        arrived: list[Message] = []

        async def receive_again() -> Message:
            return arrived.pop(0) if arrived else await receive()

        request = Request(scope, receive_again, send)
        try:
            values = await _values(self._plan, request, receive, arrived)
        except NotInOrder:
            await self._long_way(scope, receive_again, send)
            return
        for dependency in self._plan.dependencies:
            values[dependency.name] = await dependency.resolve(request)
        response = await self._plan.endpoint(**values)
        await response(scope, receive, send)


async def _values(
    plan: Plan, request: Request, receive: Receive, arrived: list[Message]
) -> dict[str, Any]:
    """The values that come from the request itself."""
    if plan.headers and any(name in plan.headers for name, _ in request.scope["headers"]):
        raise NotInOrder
    values = {value.name: value.checked(request.path_params[value.key]) for value in plan.path}
    if plan.query:
        query = request.query_params
        values |= {value.name: value.checked(query.get(value.key)) for value in plan.query}
    for value in plan.body:
        values[value.name] = value.checked(await _json(request, receive, arrived))
    for name in plan.requests:
        values[name] = request
    return values


async def _json(request: Request, receive: Receive, arrived: list[Message]) -> Any:
    """The body, None if it is empty; its messages are kept so that it can be read again."""
    while True:
        message = await receive()
        arrived.append(message)
        if message["type"] != "http.request":
            raise NotInOrder
        if not message.get("more_body", False):
            break
    body = b"".join(message.get("body", b"") for message in arrived)
    if not body:
        return None
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise NotInOrder
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotInOrder from error
