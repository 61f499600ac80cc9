"""A direct route answers every request as FastAPI's own route does."""

from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Form,
    Header,
    Query,
    Request,
    Response,
)
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from backend.api import router as product
from backend.core.errors import Unauthorized
from backend.core.http.answers import json_answer
from backend.core.http.direct import direct, is_declared_direct
from backend.core.http.direct_plan import CannotGoDirect
from backend.core.http.problems import install
from backend.core.http.route import Route

HOT = {
    ("POST", "/v1/uploads"),
    ("POST", "/v1/uploads/{upload_id}/parts"),
    ("POST", "/v1/files/{file_id}/download-url"),
    ("POST", "/v1/download-urls"),
    ("GET", "/v1/files/{file_id}"),
    ("GET", "/v1/files"),
    ("GET", "/v1/folders/{folder_id}/children"),
    ("GET", "/v1/shared-with-me"),
    ("GET", "/v1/public/links/{token}"),
    ("POST", "/v1/public/links/{token}/download-url"),
}
ID = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"
JSON = {"Content-Type": "application/json"}


class Colour(StrEnum):
    RED = "red"


class Thing(BaseModel):
    name: str = Field(max_length=5)
    size: int = 0
    owner: UUID | None = None
    colour: Colour = Colour.RED


async def who(connection: HTTPConnection) -> str:
    if "x-nobody" in connection.headers:
        raise Unauthorized
    return connection.headers.get("x-name", "somebody")


@direct
async def endpoint(
    thing_id: UUID,
    person: Annotated[str, Depends(who)],
    thing: Annotated[Thing | None, Body()] = None,
    limit: Annotated[int, Query(ge=1, le=10)] = 5,
    word: str | None = None,
    key: Annotated[str | None, Header(alias="X-Key", max_length=3)] = None,
) -> Response:
    given = thing.model_dump(mode="json") if thing else None
    return json_answer([str(thing_id), person, given, limit, word, key])


def application(kind: type[APIRoute]) -> FastAPI:
    router = APIRouter(route_class=kind)
    router.post("/things/{thing_id}")(endpoint)
    app = FastAPI()
    app.router.routes.extend(router.routes)
    install(app)
    return app


@pytest.fixture(scope="module")
async def ways() -> AsyncIterator[list[httpx.AsyncClient]]:
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(application(kind)), base_url="http://test")
        for kind in (Route, APIRoute)
    ]
    yield clients
    for client in clients:
        await client.aclose()


REQUESTS: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "a body": {"json": {"name": "a", "size": 3, "owner": ID, "colour": "red"}},
    "a body in bytes of no type": {"content": b'{"name": "a"}'},
    "a body of a type with parameters": {
        "content": b'{"name": "a"}',
        "headers": {"Content-Type": "application/json; charset=utf-8"},
    },
    "a body of a related type": {
        "content": b'{"name": "a"}',
        "headers": {"Content-Type": "application/vnd.thing+json"},
    },
    "a form": {"data": {"name": "a"}},
    "null": {"content": b"null", "headers": JSON},
    "no JSON": {"content": b"{", "headers": JSON},
    "JSON that Python alone reads": {"content": b'{"name": "a", "size": NaN}', "headers": JSON},
    "half a surrogate": {"content": b'{"name": "\\ud800"}', "headers": JSON},
    "a list": {"json": [1]},
    "a field too many": {"json": {"name": "a", "what": 1}},
    "a field too long": {"json": {"name": "abcdef"}},
    "a field missing": {"json": {"size": 1}},
    "a number as text": {"json": {"name": "a", "size": "12"}},
    "a query": {"params": {"limit": "7", "word": "b"}},
    "a query twice": {"params": [("limit", "7"), ("limit", "8")]},
    "an empty query": {"params": {"word": ""}},
    "a query out of range": {"params": {"limit": "11"}},
    "no number": {"params": {"limit": "x"}},
    "a header": {"headers": {"X-Key": "k"}},
    "a header too long": {"headers": {"X-Key": "long"}},
    "another person": {"headers": {"X-Name": "ada"}},
    "nobody": {"headers": {"X-Nobody": "1"}},
    "nobody and no number": {"headers": {"X-Nobody": "1"}, "params": {"limit": "x"}},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("thing_id", [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", "x"])
async def test_both_ways_give_the_same_answer(
    ways: list[httpx.AsyncClient], thing_id: str, request_: dict[str, Any]
) -> None:
    direct, long = [await way.post(f"/things/{thing_id}", **request_) for way in ways]

    assert (direct.status_code, direct.json()) == (long.status_code, long.json())


async def test_a_body_in_pieces_is_put_together(ways: list[httpx.AsyncClient]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"na'
        yield b'me": "a"}'

    direct, long = [await way.post(f"/things/{ID}", content=pieces(), headers=JSON) for way in ways]

    assert direct.json()[2]["name"] == "a"
    assert direct.json() == long.json()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_other_methods_are_refused(ways: list[httpx.AsyncClient], method: str) -> None:
    direct, long = [await way.request(method, f"/things/{ID}") for way in ways]

    assert direct.status_code == long.status_code == 405
    assert direct.headers["allow"] == long.headers["allow"] == "POST"


def hot(route: BaseRoute) -> set[tuple[str, str]]:
    assert isinstance(route, APIRoute)
    return {(method, route.path) for method in route.methods or ()}


def test_what_is_asked_most_goes_the_direct_way() -> None:
    declared = [one for one in product.routes if is_declared_direct(getattr(one, "endpoint", None))]

    assert set().union(*map(hot, declared)) >= HOT
    assert all(isinstance(route, Route) and route.is_direct for route in declared)


async def test_overrides_stand_in_for_dependencies() -> None:
    app = application(Route)
    app.dependency_overrides[who] = lambda: "a stand-in"
    transport = httpx.ASGITransport(app)

    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        overridden = (await client.post(f"/things/{ID}")).json()[1]
        app.dependency_overrides.clear()
        again = (await client.post(f"/things/{ID}")).json()[1]

    assert (overridden, again) == ("a stand-in", "somebody")


async def of_more(person: Annotated[str, Depends(who)], q: str = "") -> str:
    return person + q


def at_leisure(connection: HTTPConnection) -> str:
    return connection.url.path


async def returns_a_model(thing: Thing) -> Thing:
    return thing


async def wants_a_list(words: Annotated[list[str], Query()]) -> Response:
    return json_answer(words)


async def wants_a_cookie(visit: Annotated[str | None, Cookie()] = None) -> Response:
    return json_answer(visit)


async def wants_a_form(name: Annotated[str, Form()]) -> Response:
    return json_answer(name)


async def needs_a_header(key: Annotated[str, Header()]) -> Response:
    return json_answer(key)


async def wants_two_bodies(thing: Thing, other: Thing) -> Response:
    return json_answer([thing, other])


async def wants_tasks(tasks: BackgroundTasks) -> Response:
    return json_answer(None)


async def depends_on_more(person: Annotated[str, Depends(of_more)]) -> Response:
    return json_answer(person)


async def depends_on_a_thread(place: Annotated[str, Depends(at_leisure)]) -> Response:
    return json_answer(place)


UNFIT: dict[Callable[..., Any], str] = {
    returns_a_model: "does not return a Response",
    wants_a_list: "words",
    wants_a_cookie: "visit: Cookie",
    wants_a_form: "name: Form",
    needs_a_header: "key: Header",
    wants_two_bodies: "thing, other",
    wants_tasks: "tasks: BackgroundTasks",
    depends_on_more: "person: its dependency wants person, too",
    depends_on_a_thread: "place: its dependency is not a coroutine function",
}


@pytest.mark.parametrize(
    ("unfit", "reason"), UNFIT.items(), ids=lambda it: getattr(it, "__name__", None)
)
def test_a_route_that_cannot_go_direct_is_not_made(unfit: Callable[..., Any], reason: str) -> None:
    router = APIRouter(route_class=Route)

    with pytest.raises(CannotGoDirect, match=f"POST /unfit.*{unfit.__name__}.*{reason}"):
        router.post("/unfit")(direct(unfit))


async def test_a_dependency_of_a_direct_route_may_read_the_body_again() -> None:
    async def body_of(request: Request) -> str:
        return (await request.body()).decode()

    @direct
    async def read_twice(thing: Thing, body: Annotated[str, Depends(body_of)]) -> Response:
        return json_answer([thing.name, body])

    app = FastAPI()
    router = APIRouter(route_class=Route)
    router.post("/")(read_twice)
    app.router.routes.extend(router.routes)
    transport = httpx.ASGITransport(app)

    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/", content=b'{"name": "a"}', headers=JSON)

    assert answer.json() == ["a", '{"name": "a"}']
