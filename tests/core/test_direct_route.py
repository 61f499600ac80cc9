"""A direct route answers every request as FastAPI's own route does."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from backend.api import router as product
from backend.core.errors import Unauthorized
from backend.core.http.answers import json_answer
from backend.core.http.direct_route import DirectRoute
from backend.core.http.problems import install

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
        for kind in (DirectRoute, APIRoute)
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


def test_what_is_asked_most_goes_the_direct_way() -> None:
    direct = {
        (method, route.path)
        for route in product.routes
        if isinstance(route, DirectRoute) and route.is_direct
        for method in route.methods or ()
    }

    assert direct >= HOT
