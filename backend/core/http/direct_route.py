"""A route whose requests, when they are in order, do not go through FastAPI's resolver.

FastAPI asks at every request what a route wants and where it comes from. Here that is asked once,
when the route is made.

A route goes the direct way if it returns a `Response` and wants nothing but parameters of path and
query, one JSON body, and dependencies that are coroutines of the connection alone. A request that
is not in order (a header that the route reads, another content type, a value that does not fit)
goes the long way from its beginning: so there is one place that explains what is wrong with it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction, signature
from typing import Any

import orjson
from fastapi import params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send


class NotInOrder(Exception):
    """This request does not go the direct way."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value of path, query or body, checked by the field that FastAPI has made for it."""

    name: str
    alias: str
    field: ModelField

    def checked(self, value: Any) -> Any:
        """The value as the route gets it, or its default if it is None."""
        if value is None:
            if self.field.field_info.is_required():
                raise NotInOrder
            return self.field.default
        checked, errors = self.field.validate(value, {}, loc=())
        if errors:
            raise NotInOrder
        return checked


@dataclass(frozen=True, slots=True)
class Dependency:
    """A value from a coroutine function of the connection and, for credentials, the scopes."""

    name: str
    call: Callable[..., Awaitable[Any]]
    connection: str
    scopes: Mapping[str, SecurityScopes]

    async def resolve(self, request: Request) -> Any:
        """Call it."""
        return await self.call(**{self.connection: request}, **self.scopes)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a route wants."""

    path: list[Parameter]
    query: list[Parameter]
    body: Parameter | None
    read_headers: frozenset[bytes]
    dependencies: list[Dependency]


class DirectRoute(APIRoute):
    """See the module's docstring."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        returns = signature(self.endpoint).return_annotation
        self._plan = _plan(self) if returns is Response else None
        self._start = self.path.partition("{")[0]

    @property
    def is_direct(self) -> bool:
        """Whether requests in order go the direct way."""
        return self._plan is not None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether `scope` is for this route: most are not, which their first characters tell."""
        if not scope["path"].startswith(self._start):
            return Match.NONE, {}
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, directly if that is possible."""
        if self._plan is None or scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        arrived: list[Message] = []
        try:
            values = await _parameters(self._plan, request, arrived)
        except NotInOrder:
            await super().handle(scope, _again(arrived, receive), send)
            return
        for dependency in self._plan.dependencies:
            values[dependency.name] = await dependency.resolve(request)
        response = await self.endpoint(**values)
        await response(scope, receive, send)


async def _parameters(plan: Plan, request: Request, arrived: list[Message]) -> dict[str, Any]:
    headers = request.scope["headers"]
    if plan.read_headers and any(name in plan.read_headers for name, _ in headers):
        raise NotInOrder
    values = {one.name: one.checked(request.path_params.get(one.alias)) for one in plan.path}
    if plan.query:
        query = request.query_params
        values |= {one.name: one.checked(query.get(one.alias)) for one in plan.query}
    if plan.body:
        values[plan.body.name] = plan.body.checked(await _json(request, arrived))
    return values


async def _json(request: Request, arrived: list[Message]) -> Any:
    """The body, None if it is empty; what arrives is kept for the long way."""
    while True:
        message = await request.receive()
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


def _again(arrived: Iterable[Message], receive: Receive) -> Receive:
    """Give what has arrived once more, and then what is still to come."""
    messages = iter(arrived)

    async def receive_again() -> Message:
        return next(messages, None) or await receive()

    return receive_again


def _plan(route: APIRoute) -> Plan | None:
    """What `route` wants, or None if that takes more than the direct way has to give."""
    wanted = route.dependant
    dependencies = [_dependency(one) for one in wanted.dependencies]
    body = route.body_field
    if (
        None in dependencies
        or wanted.cookie_params
        or any((wanted.request_param_name, wanted.response_param_name))
        or wanted.http_connection_param_name
        or wanted.background_tasks_param_name
        or len(wanted.body_params) > 1
        or isinstance(body and body.field_info, params.Form)
    ):
        return None
    return Plan(
        path=[_parameter(field) for field in wanted.path_params],
        query=[_parameter(field) for field in wanted.query_params],
        body=Parameter(wanted.body_params[0].name, "", body) if body else None,
        read_headers=frozenset(field.alias.lower().encode() for field in wanted.header_params),
        dependencies=[one for one in dependencies if one],
    )


def _parameter(field: ModelField) -> Parameter:
    return Parameter(field.name, field.field_info.alias or field.name, field)


def _dependency(wanted: Dependant) -> Dependency | None:
    """A dependency that needs nothing but the connection, else None."""
    call = wanted.call
    connection = wanted.http_connection_param_name or wanted.request_param_name
    asks_more = (
        wanted.dependencies
        or wanted.path_params
        or wanted.query_params
        or wanted.header_params
        or wanted.cookie_params
        or wanted.body_params
    )
    if call is None or not wanted.name or not connection or asks_more:
        return None
    if not (iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)):
        return None
    scopes = [*(wanted.parent_oauth_scopes or ()), *(wanted.own_oauth_scopes or ())]
    named = wanted.security_scopes_param_name
    return Dependency(
        wanted.name, call, connection, {named: SecurityScopes(scopes)} if named else {}
    )
