"""Text that breaks programs: half characters, NUL, names a mile long, JSON a mile deep."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from backend.kit.cursors import encode_cursor
from tests.security.matrix import ROWS, Row
from tests.security.scenes import Cast, Scene
from tests.support.operations import PAGED
from tests.support.people import Person, Register
from tests.support.trees import make_folder, root_of

Json = dict[str, Any]
NUL = "\\u0000"
HALF = "\\ud800"  # the first half of a surrogate pair: JSON can write it, UTF-8 cannot
MANY_MARKS = "a" + "\u0301\u0323" * 14_000  # CPython takes seconds to normalize it


def poisoned(schema: Json, document: Json) -> Iterator[Json]:
    """Bodies that are right but for one text each, which holds `{}`."""
    fields = resolve(schema, document).get("properties", {})
    good = {name: field["examples"][0] for name, field in fields.items() if "examples" in field}
    for name, field in fields.items():
        for option in field.get("anyOf", [field]):
            shape = {"string": "{}", "array": ["{}"], "object": {"{}": "{}"}}
            kind = resolve(option, document).get("type")
            if kind in shape:
                yield good | {name: shape[kind]}


def resolve(schema: Json, document: Json) -> Json:
    """Follow a `$ref`."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = document["components"]["schemas"][name] if name else schema
    return found


def poisoned_requests(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Method, path and body for every text in every JSON request body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schema = content["application/json"]["schema"]
                for option in schema.get("anyOf", [schema]):
                    for body in poisoned(option, document):
                        yield method, path, body


class TestText:
    @pytest.mark.parametrize("poison", [NUL, HALF, "x" + NUL + "y", HALF + HALF])
    async def test_in_any_field_is_refused_and_never_an_error_of_ours(
        self, register: Register, poison: str
    ) -> None:
        ada = await register()
        root = await root_of(ada)
        document = (await ada.http.get("/openapi.json")).json()
        tried = 0
        for method, path, body in poisoned_requests(document):
            url = path.format_map(AnyId(root["id"]))
            text = json.dumps(body).replace("{}", poison)
            answer = await ada.http.request(
                method, url, content=text, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code < 500, f"{method} {url} {text}: {answer.text}"
            assert answer.status_code >= 400 or "logout" in path
            tried += 1
        assert tried > 25

    @pytest.mark.parametrize("poison", ["%00", "%ED%A0%80", "%FF", "%0D%0A", "..%2F..%2Fetc"])
    async def test_in_any_path_or_query_is_no_error_of_ours(
        self, register: Register, poison: str
    ) -> None:
        ada = await register()
        document = (await ada.http.get("/openapi.json")).json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
                query = "&".join(f"{name}={poison}" for name in names)
                url = f"{path.format_map(AnyId(poison))}?{query}"
                answer = await ada.http.request(method, url)
                assert answer.status_code < 500, f"{method} {url}: {answer.text}"

    async def test_in_any_header_is_no_error_of_ours(self, register: Register) -> None:
        ada = await register()
        for poison in (b"\xff\xfe", b"\xed\xa0\x80", b"a" * 3000, b'"><script>'):
            for name in ("User-Agent", "X-Request-ID", "Idempotency-Key", "X-Forwarded-For"):
                answer = await ada.http.post(
                    "/v1/folders", json={"name": "x"}, headers=[(name.encode(), poison)]
                )
                assert answer.status_code < 500, answer.text
                assert poison.decode("latin-1") not in answer.headers["X-Request-ID"]


class AnyId(dict[str, str]):
    """Fills every placeholder of a path alike."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __missing__(self, key: str) -> str:
        return self.value


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            b"[" * 60_000,
            b'{"name":' * 6_000 + b"1" + b"}" * 6_000,
            b'{"name": ' + b"9" * 5_000 + b"}",
            b'{"name": "\xff"}',
            b'{"name": NaN}',
            b"{",
            b"\x00",
        ],
        ids=["deep list", "deep object", "huge number", "no UTF-8", "NaN", "half", "NUL"],
    )
    async def test_that_cannot_be_read_is_refused(self, register: Register, body: bytes) -> None:
        ada = await register()

        answer = await post_raw(ada, "/v1/folders", body)

        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("path", ["/v1/auth/register", "/v1/folders", "/v1/auth/logout"])
    async def test_over_64_kib_is_refused_before_it_is_read(
        self, register: Register, path: str
    ) -> None:
        ada = await register()
        body = json.dumps({f"k{number}": 1 for number in range(80_000)}).encode()

        answer = await post_raw(ada, path, body)

        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def test_over_64_kib_in_pieces_is_refused_too(self, register: Register) -> None:
        ada = await register()

        async def pieces() -> Any:
            for _ in range(20):
                yield b" " * 8192

        answer = await ada.http.post(
            "/v1/folders", content=pieces(), headers={"Content-Type": "application/json"}
        )

        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def test_over_a_megabyte_is_refused_everywhere(self, register: Register) -> None:
        ada = await register()
        for path in ("/v1/uploads/x/parts", "/v1/uploads/x/complete"):
            answer = await post_raw(ada, path, b" " * (1024**2 + 1))
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def post_raw(person: Person, path: str, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return await person.http.post(path, content=body, headers=headers)


class TestNames:
    async def test_that_take_long_to_normalize_hold_nobody_up(self, register: Register) -> None:
        ada, bob = await register(), await register()
        wishes = [
            ("/v1/folders", {"name": MANY_MARKS}),
            ("/v1/uploads", {"name": MANY_MARKS, "size": 1}),
            ("/v1/api-keys", {"name": MANY_MARKS, "scopes": ["files:read"]}),
        ]

        started = time.perf_counter()
        attacks = [ada.http.post(path, json=body) for path, body in wishes]
        answers = await asyncio.gather(*attacks, bob.http.get("/v1/users/me"))
        elapsed = time.perf_counter() - started

        assert [answer.status_code for answer in answers] == [422, 422, 422, 200]
        assert elapsed < 1

    @pytest.mark.parametrize(
        "name",
        ["..", ".", "a/b", "a\\b", "../../etc/passwd", "a\r\nSet-Cookie: x", "\u202egpj.exe", "\t"],
    )
    async def test_that_play_tricks_are_refused(self, register: Register, name: str) -> None:
        ada = await register()
        folder = await make_folder(ada, "Folder")

        answers = [
            await ada.http.post("/v1/folders", json={"name": name}),
            await ada.http.post("/v1/uploads", json={"name": name, "size": 1}),
            await ada.http.patch(f"/v1/folders/{folder['id']}", json={"name": name}),
        ]

        assert {answer.json()["code"] for answer in answers} == {"invalid_name"}


PAGES = [row for row in ROWS if row.operation in PAGED]


class TestCursors:
    @pytest.mark.parametrize("row", PAGES, ids=lambda row: row.operation)
    async def test_that_were_tampered_with_are_refused(self, cast: Cast, row: Row) -> None:
        scene = Scene(cast)
        await scene.prepare(row.address, None)
        tampered = [
            "x",
            "W10",
            "e30",
            "A" * 2048,
            encode_cursor(1),
            encode_cursor("name", 1, 2, 3),
            encode_cursor("' OR 1=1 --"),
            "WyJcdTAwMDAiLCIwMTk5YzBkZS03ZTVkLTdjMGEtOGQxZi02YzFiMmEzZjRlNWQiXQ",  # NUL
            "WyJcdWQ4MDAiLCIwMTk5YzBkZS03ZTVkLTdjMGEtOGQxZi02YzFiMmEzZjRlNWQiXQ",  # half
            "WyJuYW1lIiwiXHVkODAwIl0",  # half, in a list sorted by name
        ]
        for cursor in tampered:
            url = f"{row.address}?{urlencode({'cursor': cursor})}"
            answer = await scene.call(row.actor, row.method, url, None, [])
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), cursor

    async def test_with_a_time_outside_the_calendar_are_refused(self, register: Register) -> None:
        ada = await register()
        root = await root_of(ada)
        cursor = encode_cursor("updated_at", "0001-01-01T00:00:00+14:00", root["id"])
        query = {"sort": "updated_at", "cursor": cursor}

        answer = await ada.http.get(f"/v1/folders/{root['id']}/children", params=query)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")

    async def test_of_another_list_show_nothing_of_others(self, register: Register) -> None:
        ada, bob = await register(), await register()
        for name in ("a", "b", "c"):
            await make_folder(ada, name)
        root = await root_of(ada)
        page = (await ada.http.get(f"/v1/folders/{root['id']}/children?limit=1")).json()

        stolen = {"cursor": page["next_cursor"]}
        refused = await bob.http.get(f"/v1/folders/{root['id']}/children", params=stolen)
        own = await bob.http.get(
            f"/v1/folders/{(await root_of(bob))['id']}/children", params=stolen
        )

        assert refused.status_code == 404
        assert own.json()["items"] == []
