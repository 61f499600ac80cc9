"""HTTP as no client speaks it: too much, too slow, twice over, to the wrong host."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from backend.core.http import server
from backend.core.settings import Settings
from tests.conftest import serve
from tests.support.people import Register

HEAD = b"Host: x\r\n"


async def converse(url: str, *pieces: bytes, patience: float = 5) -> bytes:
    """Send bytes as they are; return all that comes back until the server hangs up."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(patience):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    """The status of each response in `answer`."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


class TestHead:
    @pytest.mark.parametrize(
        "head",
        [b"X-Long: " + b"a" * 2_000_000, b"X-Short: a\r\n" * 100_000],
        ids=["one long header", "many short ones"],
    )
    async def test_without_end_is_cut_off(self, api_url: str, head: bytes) -> None:
        answer = await converse(api_url, b"GET /health HTTP/1.1\r\n", HEAD, head, b"\r\n\r\n")

        # The server hangs up while we still send, so its last words may be lost.
        assert statuses(answer) in ([431], [])

    async def test_with_an_endless_address_is_cut_off(self, api_url: str) -> None:
        target = b"/health?" + b"a" * 2_000_000

        answer = await converse(api_url, b"GET ", target, b" HTTP/1.1\r\n", HEAD, b"\r\n")

        assert statuses(answer) in ([400], [431], [])

    @pytest.mark.parametrize("sent", [b"", b"GET", b"GET /health HTTP/1.1\r\nHost: x\r\n"])
    async def test_that_never_ends_is_not_waited_for(
        self, api_url: str, monkeypatch: pytest.MonkeyPatch, sent: bytes
    ) -> None:
        monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.2)

        assert statuses(await converse(api_url, sent)) == [408]

    async def test_of_a_second_request_is_bounded_too(
        self, api_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.2)
        whole = b"GET /health HTTP/1.1\r\n" + HEAD + b"\r\n"

        assert statuses(await converse(api_url, whole, b"GET /he")) == [200, 408]

    async def test_that_does_not_even_begin_is_bounded_too(
        self, api_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Empty lines before a request are allowed, and end uvicorn's own wait for the next."""
        monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.2)
        host, port = api_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /health HTTP/1.1\r\n" + HEAD + b"\r\n")
        first = await reader.readuntil(b"\r\n\r\n")

        writer.write(b"\r\n")
        async with asyncio.timeout(5):
            rest = await reader.read()
        writer.close()

        assert statuses(first + rest) == [200, 408]

    async def test_of_a_whole_request_leaves_the_connection_alone(
        self, api_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.2)
        large = b"x" * 2 * server.MAX_HEAD
        async with httpx.AsyncClient(base_url=api_url) as http:
            for _ in range(3):
                assert (await http.get("/health")).status_code == 200
                answer = await http.post("/v1/auth/token", content=large)
                assert answer.status_code in {413, 422}
            connection = http._transport._pool.connections[0]  # type: ignore[attr-defined]
            await http.get("/health")
            await asyncio.sleep(0.5)
            await http.get("/health")

            assert http._transport._pool.connections == [connection]  # type: ignore[attr-defined]

    @pytest.mark.parametrize("headers", [1, 40])
    async def test_in_one_piece_is_bounded_too(self, api_url: str, headers: int) -> None:
        """120 KB passed while only what arrived before the last piece was counted."""
        each = b"X: " + b"a" * (120_000 // headers) + b"\r\n"

        answer = await converse(
            api_url, b"GET /health HTTP/1.1\r\n" + HEAD + each * headers + b"\r\n"
        )

        assert statuses(answer) in ([431], [])

    async def test_in_time_is_served(self, api_url: str) -> None:
        pieces = [b"GET /health HTT", b"P/1.1\r\n", HEAD, b"Connection: close\r\n\r\n"]

        assert statuses(await converse(api_url, *pieces)) == [200]


class TestBody:
    @pytest.fixture
    async def impatient(self, settings: Settings) -> AsyncIterator[str]:
        """An API that waits half a second."""
        async with serve(settings.model_copy(update={"request_timeout": 0.5})) as url:
            yield url

    async def test_that_trickles_in_is_not_waited_for(self, impatient: str) -> None:
        request = b"POST /v1/auth/logout HTTP/1.1\r\n" + HEAD
        request += b"Content-Type: application/json\r\nContent-Length: 60\r\n"
        request += b"Connection: close\r\n\r\n{"

        answer = await converse(impatient, request)

        assert statuses(answer) == [408]
        assert b"request_timeout" in answer


class TestSmuggling:
    @pytest.mark.parametrize(
        "headers",
        [
            b"Content-Length: 5\r\nContent-Length: 6\r\n",
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: chunked, identity\r\n",
            b"Content-Length: -5\r\n",
            b"Content-Length: +5\r\n",
            b"Content-Length: 5 5\r\n",
            b"Content-Length : 5\r\n",
            b" folded: header\r\n",
            b"Bad\x00Name: x\r\n",
        ],
    )
    async def test_leaves_no_second_request(self, api_url: str, headers: bytes) -> None:
        hidden = b"0\r\n\r\nGET /health HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n"

        answer = await converse(
            api_url, b"POST /v1/auth/logout HTTP/1.1\r\n" + HEAD + headers + b"\r\n" + hidden
        )

        assert statuses(answer)
        assert 200 not in statuses(answer)

    @pytest.mark.parametrize(
        "line", [b"BREW / HTTP/1.1", b"GET / HTTP/9.9", b"GET  HTTP/1.1", b"\0"]
    )
    async def test_nonsense_is_refused(self, api_url: str, line: bytes) -> None:
        assert statuses(await converse(api_url, line + b"\r\n" + HEAD + b"\r\n")) == [400]


class TestMethods:
    @pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "CONNECT", "PUT"])
    async def test_that_nobody_asked_for_are_refused(self, register: Register, method: str) -> None:
        ada = await register()

        answer = await ada.http.request(method, "/v1/users/me")

        assert answer.status_code in {400, 404, 405}
        assert ada.tokens["access_token"] not in answer.text

    @pytest.mark.parametrize(
        "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]
    )
    async def test_cannot_be_overridden(self, register: Register, header: str) -> None:
        ada = await register()

        await ada.http.post("/v1/users/me", headers={header: "DELETE"})
        await ada.http.get("/v1/users/me?_method=DELETE", headers={header: "DELETE"})

        assert (await ada.http.get("/v1/users/me")).status_code == 200


class TestHost:
    async def test_of_the_request_is_in_no_answer(self, register: Register) -> None:
        ada = await register()
        lies = {
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Server": "evil.example",
            "X-Original-URL": "/v1/admin/users",
            "Forwarded": "host=evil.example",
        }
        for path in ("/v1/folders/", "/v1/folders/root", "/health/", "//evil.example/", "/docs/"):
            answer = await ada.http.get(path, headers=lies)
            assert "evil.example" not in answer.text + str(answer.headers.get("location"))

    async def test_absolute_target_leads_nowhere(self, api_url: str) -> None:
        target = b"GET http://evil.example/v1/folders/ HTTP/1.1\r\n"

        answer = await converse(api_url, target + HEAD + b"Connection: close\r\n\r\n")

        assert b"evil.example" not in answer


class TestHeaders:
    async def test_keep_answers_out_of_caches_and_frames(self, register: Register) -> None:
        ada = await register()
        for path in ("/v1/users/me", "/v1/folders/root", "/v1/files/x", "/nowhere", "/health"):
            headers = (await ada.http.get(path)).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers

    async def test_promise_https_where_the_public_address_has_it(self, settings: Settings) -> None:
        https = settings.model_copy(update={"public_url": "https://files.example.com"})
        async with serve(https) as url, httpx.AsyncClient(base_url=url) as http:
            assert (
                "max-age=63072000"
                in (await http.get("/health")).headers["strict-transport-security"]
            )


class TestOrigins:
    @pytest.fixture
    async def shop(self, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
        """An API that one web origin may call."""
        allowed = settings.model_copy(update={"cors_origins": ["https://app.example.com"]})
        async with serve(allowed) as url, httpx.AsyncClient(base_url=url) as http:
            yield http

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "null",
            "https://app.example.com.evil.example",
            "http://app.example.com",
        ],
    )
    async def test_that_are_foreign_may_read_nothing(
        self, shop: httpx.AsyncClient, origin: str
    ) -> None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}

        preflight = await shop.options("/v1/users/me", headers=asked)
        answer = await shop.get("/v1/users/me", headers={"Origin": origin})

        for response in (preflight, answer):
            assert "access-control-allow-origin" not in response.headers
            assert "access-control-allow-credentials" not in response.headers

    async def test_that_are_listed_may_call_without_cookies(self, shop: httpx.AsyncClient) -> None:
        headers = {"Origin": "https://app.example.com"}

        answer = await shop.get("/v1/users/me", headers=headers)

        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
        assert "access-control-allow-credentials" not in answer.headers

    async def test_by_default_there_are_none(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/health", headers={"Origin": "https://app.example.com"})

        assert "access-control-allow-origin" not in answer.headers
