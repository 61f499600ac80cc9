"""What holds for every request, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client import REGISTRY

from backend.core.settings import Settings
from tests.conftest import new_database, serve
from tests.support.people import people


@pytest.fixture(scope="module")
async def strict(settings: Settings) -> AsyncIterator[str]:
    """An API with little patience, behind a proxy it trusts."""
    limits = {
        "request_timeout": 1,
        "max_body_bytes": 2048,
        "cors_origins": ["https://app.example.com"],
        "trusted_proxies": [ip_network("127.0.0.0/8")],
        "public_url": "https://files.example.com",
    }
    async with serve(settings.model_copy(update=limits)) as url:
        yield url


@pytest.fixture
async def client(strict: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=strict, timeout=10) as client:
        yield client


async def send(url: str, *pieces: bytes, pause: float = 0) -> bytes:
    """Write raw bytes, and read until the server closes or a second passes in silence."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    try:
        return await asyncio.wait_for(reader.read(65536), 5)
    finally:
        writer.close()


def register_head(*headers: str) -> bytes:
    lines = ["POST /v1/auth/register HTTP/1.1", "Host: x", "Content-Type: application/json"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


class TestBody:
    async def test_one_that_says_it_is_too_large_is_refused(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await client.post("/v1/auth/register", content=b"x" * 4096)

        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"

    async def test_one_that_turns_out_too_large_is_refused(self, client: httpx.AsyncClient) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(10):
                yield b"x" * 1024

        answer = await client.post(
            "/v1/auth/register", content=pieces(), headers={"Content-Type": "application/json"}
        )

        assert answer.status_code == 413

    async def test_one_that_never_ends_is_given_up(self, strict: str) -> None:
        answer = await send(strict, register_head("Content-Length: 100"), b'{"email":')

        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"code":"request_timeout"' in answer

    async def test_one_that_breaks_off_is_no_fault_of_ours(
        self, strict: str, client: httpx.AsyncClient
    ) -> None:
        head = register_head("Content-Length: 100", "Idempotency-Key: some-key")
        host, _, port = strict.removeprefix("http://").partition(":")
        _reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head + b'{"email":')
        await writer.drain()
        writer.close()
        await writer.wait_closed()

        def counted(status: int) -> float:
            labels = {"method": "POST", "route": "/v1/auth/register", "status": str(status)}
            return REGISTRY.get_sample_value("http_requests_total", labels) or 0

        async with asyncio.timeout(10):
            while not counted(400):
                await asyncio.sleep(0.01)
        assert not counted(500)

    async def test_one_that_is_no_json_is_told_so(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/auth/register", content=b'{"email": "a@example.com"}')

        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["detail"]

    async def test_a_length_that_is_no_number_is_refused(self, strict: str) -> None:
        answer = await send(strict, register_head("Content-Length: many"))

        assert answer.startswith(b"HTTP/1.1 4")


class TestHeaders:
    async def test_every_answer_is_safe_to_open_in_a_browser(
        self, client: httpx.AsyncClient
    ) -> None:
        for path in ("/health", "/v1/files/x", "/nowhere"):
            headers = (await client.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["Strict-Transport-Security"].startswith("max-age=")

    async def test_a_request_keeps_the_id_it_came_with(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/nowhere", headers={"X-Request-ID": "trace-me-12345"})

        assert answer.headers["X-Request-ID"] == "trace-me-12345"
        assert answer.json()["request_id"] == "trace-me-12345"

    @pytest.mark.parametrize("bad", ["short", "x" * 65, "with space", "a;b\tc-------"])
    async def test_an_id_that_could_forge_a_log_line_is_replaced(
        self, client: httpx.AsyncClient, bad: str
    ) -> None:
        answer = await client.get("/health", headers={"X-Request-ID": bad})

        assert answer.headers["X-Request-ID"] != bad

    async def test_the_server_does_not_say_what_it_is(self, client: httpx.AsyncClient) -> None:
        assert "python" not in str((await client.get("/health")).headers).lower()


class TestCors:
    async def test_a_known_origin_may_call(self, client: httpx.AsyncClient) -> None:
        answer = await preflight(client, "https://app.example.com")

        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"

    async def test_a_known_origin_reads_also_what_was_refused_at_the_edge(
        self, client: httpx.AsyncClient
    ) -> None:
        headers = {"Origin": "https://app.example.com"}
        answer = await client.post("/v1/auth/register", content=b"x" * 4096, headers=headers)

        assert answer.status_code == 413
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"

    async def test_another_origin_may_not(self, client: httpx.AsyncClient) -> None:
        answer = await preflight(client, "https://evil.example.com")

        assert "Access-Control-Allow-Origin" not in answer.headers


async def preflight(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return await client.options("/v1/uploads", headers=asked)


class TestProblems:
    @pytest.mark.parametrize(
        ("method", "path", "options", "status", "code"),
        [
            ("GET", "/nowhere", {}, 404, "not_found"),
            ("DELETE", "/health", {}, 405, "method_not_allowed"),
            ("GET", "/v1/users/me", {}, 401, "unauthorized"),
            ("POST", "/v1/auth/register", {"json": {"email": "x"}}, 422, "invalid_request"),
            ("POST", "/v1/auth/register", {"content": b"{"}, 422, "invalid_request"),
            ("POST", "/v1/auth/register", {"content": b"\xff\xfe"}, 422, "invalid_request"),
        ],
    )
    async def test_every_error_is_a_problem_document(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        options: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        answer = await client.request(method, path, **options)

        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code
        assert set(answer.json()) >= {"type", "title", "status", "detail", "request_id"}

    async def test_a_refused_password_is_not_repeated(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(
            "/v1/auth/register", json={"email": "not an address", "password": "hunter2-hunter2"}
        )

        assert "hunter2" not in answer.text


class TestFaults:
    async def test_a_read_that_takes_too_long_is_a_503(
        self, settings: Settings, postgres_url: str
    ) -> None:
        """A request without a body cannot be late."""
        database = settings.database.model_copy(
            update={"url": type(settings.database.url)(await new_database(postgres_url))}
        )
        impatient = {"database": database, "request_timeout": 1}
        async with (
            serve(settings.model_copy(update=impatient)) as url,
            people(url) as register,
        ):
            ada = await register("ada")
            connection = await asyncpg.connect(database.url.get_secret_value())
            async with connection.transaction():
                await connection.execute("LOCK TABLE nodes IN ACCESS EXCLUSIVE MODE")
                answer = await ada.http.get("/v1/folders/root")
            await connection.close()

        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0

    async def test_a_database_that_is_gone_is_a_503(self, settings: Settings) -> None:
        gone = settings.database.model_copy(
            update={"url": type(settings.database.url)("postgresql://postgres@127.0.0.1:9/none")}
        )
        form = {"grant_type": "password", "username": "a@example.com", "password": "x"}
        async with (
            serve(settings.model_copy(update={"database": gone})) as url,
            httpx.AsyncClient(base_url=url) as client,
        ):
            answer = await client.post("/v1/auth/token", data=form)

        assert answer.status_code == 503
        assert answer.json()["code"] == "dependency_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
