"""What a direct route needs, read once from its signature."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from inspect import Parameter, iscoroutinefunction, isroutine, signature
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from fastapi import params
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

Endpoint = Callable[..., Awaitable[Any]]

CONNECTION = (HTTPConnection, Request)
SCALARS = (str, int, float, UUID, datetime, Enum, NoneType)
MARKERS = (params.Param, params.Body, params.Depends)
REQUIRED = Parameter.empty


class CannotGoDirect(TypeError):
    """A route is declared direct but needs something the direct way does not provide."""


class NotInOrder(Exception):
    """This request cannot go the direct way."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value from the path, query or body; `key` is its name in the request."""

    name: str
    key: str
    default: Any
    adapter: TypeAdapter[Any]

    def checked(self, given: Any) -> Any:
        """The value as the route receives it, or its default if it is None.

        Raises:
            NotInOrder: it is missing or does not fit.
        """
        if given is None:
            if self.default is REQUIRED:
                raise NotInOrder
            return self.default
        try:
            return self.adapter.validate_python(given, from_attributes=True)
        except ValidationError as error:
            raise NotInOrder from error


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
    """Where each argument of an endpoint comes from; headers keep their defaults."""

    endpoint: Endpoint
    path: list[Value] = field(default_factory=list)
    query: list[Value] = field(default_factory=list)
    body: list[Value] = field(default_factory=list)
    headers: set[bytes] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One parameter of an endpoint: its type, and what tells FastAPI where it comes from."""

    name: str
    annotation: Any
    default: Any

    @property
    def kind(self) -> Any:
        """Its type, without the metadata of `Annotated`."""
        annotated = get_origin(self.annotation) is Annotated
        return get_args(self.annotation)[0] if annotated else self.annotation

    @property
    def marker(self) -> Any:
        """`Query(...)`, `Depends(...)` or another of FastAPI's markers, or None."""
        said = getattr(self.annotation, "__metadata__", ())
        return next((one for one in reversed(said) if isinstance(one, MARKERS)), None)

    def value(self) -> Value:
        """The parameter as a value that comes from the request."""
        key = getattr(self.marker, "alias", None) or self.name
        return Value(self.name, key, self.default, TypeAdapter(self.annotation))


def read_plan(route: APIRoute) -> Plan:
    """What the endpoint of `route` needs.

    Raises:
        CannotGoDirect: more than the direct way provides; the message names the parameter.
    """
    try:
        return _read(route)
    except CannotGoDirect as error:
        where = f"{'/'.join(sorted(route.methods or ()))} {route.path} ({route.name})"
        raise CannotGoDirect(f"{where} is declared direct, but {error}") from error


def _read(route: APIRoute) -> Plan:
    endpoint = route.endpoint
    if route.dependencies:
        raise CannotGoDirect("the route or its router has `dependencies`")
    if not iscoroutinefunction(endpoint):
        raise CannotGoDirect("it is not a coroutine function")
    hints = get_type_hints(endpoint, include_extras=True)
    returned = hints.get("return")
    if not (isinstance(returned, type) and issubclass(returned, Response)):
        raise CannotGoDirect("it does not return a Response")
    plan = Plan(endpoint)
    for wanted in _parameters(endpoint, hints):
        _add(plan, wanted, set(route.param_convertors))
    if len(plan.body) > 1:
        names = ", ".join(value.name for value in plan.body)
        raise CannotGoDirect(f"it reads more than one body: {names}")
    return plan


def _parameters(function: Callable[..., Any], hints: dict[str, Any]) -> Iterator[Wanted]:
    for name, parameter in signature(function).parameters.items():
        if name not in hints:
            raise CannotGoDirect(f"{name}: it has no type")
        if isinstance(parameter.default, MARKERS):
            raise CannotGoDirect(f"{name}: write {type(parameter.default).__name__} in Annotated")
        yield Wanted(name, hints[name], parameter.default)


def _add(plan: Plan, wanted: Wanted, path_names: set[str]) -> None:
    """Record where one parameter comes from."""
    marker, kind = wanted.marker, wanted.kind
    if isinstance(marker, params.Depends):
        plan.dependencies.append(_dependency(wanted))
    elif kind in CONNECTION:
        plan.requests.append(wanted.name)
    elif isinstance(marker, params.Header) and wanted.default is not REQUIRED:
        plan.headers.add((marker.alias or wanted.name.replace("_", "-")).lower().encode())
    elif _is_json_body(marker, kind):
        plan.body.append(wanted.value())
    elif _is_scalar(kind) and wanted.name in path_names:
        plan.path.append(wanted.value())
    elif _is_scalar(kind) and (marker is None or isinstance(marker, params.Query)):
        plan.query.append(wanted.value())
    else:
        raise CannotGoDirect(f"{wanted.name}: {_shown(marker, kind)} cannot be read directly")


def _is_json_body(marker: Any, kind: Any) -> bool:
    if marker is None:
        return any(_is_model(one) for one in get_args(kind) or (kind,))
    plain = type(marker) is params.Body and not marker.embed
    return plain and bool(marker.media_type == "application/json")


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_scalar(kind: Any) -> bool:
    """Whether it can be parsed from a single string of the path or query."""
    if get_origin(kind) in (Union, UnionType):
        return all(_is_scalar(one) for one in get_args(kind))
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, SCALARS))


def _dependency(wanted: Wanted) -> Dependency:
    """A dependency that needs nothing but the connection."""
    call = wanted.marker.dependency
    function = call if isroutine(call) else type(call).__call__
    if not iscoroutinefunction(function):
        raise CannotGoDirect(f"{wanted.name}: its dependency is not a coroutine function")
    hints = get_type_hints(function, include_extras=True)
    connection, scopes = "", {}
    for needed in _parameters(call, hints):
        if needed.kind in CONNECTION:
            connection = needed.name
        elif needed.kind is SecurityScopes:
            scopes[needed.name] = SecurityScopes(list(getattr(wanted.marker, "scopes", None) or ()))
        else:
            raise CannotGoDirect(f"{wanted.name}: its dependency wants {needed.name}, too")
    if not connection:
        raise CannotGoDirect(f"{wanted.name}: its dependency does not take the connection")
    return Dependency(wanted.name, call, connection, scopes)


def _shown(marker: Any, kind: Any) -> str:
    return type(marker).__name__ if marker is not None else str(getattr(kind, "__name__", kind))
