"""The S3 server of `make run`: what a process or a web page on the same machine may ask it."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from backend.dev import home
from backend.dev.welcome import exposure
from tests.security.browser import CHROMIUM, canary, visit
from tests.support.dev_stack import Stack, download, sign_in, stack, upload

KEPT = b"worth keeping"
# How its own operations may be spelt: as they are, encoded, behind more slashes, in another case.
RESETS = [
    "/_ministack/reset",
    "/_ministack/reset?init=1",
    "/%5Fministack/reset",
    "/%5f%6dinistack%2Freset",
    "//_ministack/reset",
    "/./_ministack/reset",
]
OTHERS = [
    ("POST", "/_ministack/config"),
    ("GET", "/_ministack/ready"),
    ("POST", "/_ministack/health"),
    ("GET", "/_localstack/health"),
    ("GET", "/_ministack/sqs/messages"),
    ("PUT", "/_ministack/cfn-response/x"),
    ("GET", "/_aws/execute-api/x/y"),
]
PAGE = """<html><body>
<form id=f method=post target=a action="{store}/_ministack/reset"><input name=x></form>
<iframe name=a></iframe><img src="{store}/_ministack/reset"><script>
for (const mode of ["cors", "no-cors"]) for (const method of ["GET", "POST"])
  fetch("{store}/_ministack/reset", {{method, mode, body: method == "POST" ? "x" : undefined}});
fetch("{store}/_ministack/reset", {{method: "POST", headers: {{"X-Preflight": "1"}}}});
navigator.sendBeacon("{store}/_ministack/reset", "x");
new WebSocket("{store}/_ministack/reset".replace("http", "ws"));
document.getElementById("f").submit();
</script></body></html>"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(scope="module")
def kept(running: Stack) -> str:
    """Where to download what was stored before the attacks."""
    return upload(running, KEPT)


def store(running: Stack) -> str:
    """The S3 server's address."""
    return setting(running, "S3_ENDPOINT_URL")


def setting(running: Stack, name: str) -> str:
    """What `make run` keeps in DATA_DIR."""
    lines = (running.data_dir / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)[name].strip("'")


class TestReset:
    @pytest.mark.parametrize("path", RESETS)
    @pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
    def test_is_there_for_nobody(
        self, running: Stack, kept: str, path: str, origin: str | None
    ) -> None:
        headers = {"Origin": origin} if origin else {}

        for method in ("POST", "GET", "PUT"):
            answer = httpx.request(method, store(running) + path, headers=headers)
            assert answer.status_code in {400, 403, 404, 405}
            assert "access-control-allow-origin" not in answer.headers or path not in RESETS[:4]

        assert download(kept, sign_in(running)) == KEPT
        assert httpx.get(f"{running.url}/ready").status_code == 200

    @pytest.mark.skipif(CHROMIUM is None, reason="2026-11-27: needs Chromium")
    async def test_is_there_for_no_web_page(
        self, running: Stack, kept: str, tmp_path: Path
    ) -> None:
        async with canary() as bird:
            bird.pages["evil"] = ("text/html", PAGE.format(store=store(running)).encode())
            await visit(bird, [f"{bird.url}/page/evil"], tmp_path)

        assert await asyncio.to_thread(download, kept, sign_in(running)) == KEPT

    def test_leaves_uploads_and_downloads_alone(self, running: Stack) -> None:
        large = bytes(range(256)) * 4 * 8192

        assert download(upload(running, large), sign_in(running)) == large


class TestOtherOperations:
    @pytest.mark.parametrize(("method", "path"), OTHERS)
    def test_are_not_there_either(self, running: Stack, method: str, path: str) -> None:
        assert httpx.request(method, store(running) + path).status_code == 404

    def test_health_is(self, running: Stack) -> None:
        answer = httpx.get(f"{store(running)}/_ministack/health")

        assert answer.status_code == 200
        assert json.loads(answer.content)["auth"] == "enabled"


def forged(key: str, service: str) -> dict[str, str]:
    """Headers signed by guessing."""
    scope = f"{key}/20261127/us-east-1/{service}/aws4_request"
    signed = f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, {signed}"
    return {"Authorization": authorization, "X-Amz-Date": "20261127T000000Z"}


class TestSignature:
    """The key id is in every presigned URL; only the secret may open anything."""

    @pytest.mark.parametrize("key", [None, "111111111111", "test"])
    @pytest.mark.parametrize(
        ("method", "path", "service"),
        [
            ("GET", "/we-upload", "s3"),
            ("DELETE", "/we-upload", "s3"),
            ("POST", "/we-upload?delete", "s3"),
            ("POST", "/?Action=CreateUser&UserName=eve", "iam"),
        ],
    )
    def test_of_nobody_opens_nothing(
        self, running: Stack, method: str, path: str, service: str, key: str | None
    ) -> None:
        key = key or setting(running, "AWS_ACCESS_KEY_ID")
        url = store(running) + path
        scope = f"{key}/20261127/us-east-1/{service}/aws4_request"
        query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": scope}
        sep = "&" if "?" in path else "?"

        for answer in (
            httpx.request(method, url),
            httpx.request(method, url, headers=forged(key, service)),
            httpx.request(method, f"{url}{sep}{urlencode(query)}"),
            httpx.request(method, url, headers={"Authorization": f"AWS {key}:x"}),
        ):
            assert answer.status_code in {400, 403}


class TestNetwork:
    def test_reaches_the_api_alone_with_host(self, tmp_path: Path) -> None:
        with stack(tmp_path, HOST="0.0.0.0") as running:
            port = urlsplit(store(running)).port
            listening = {
                (connection.laddr.ip, connection.laddr.port == port)
                for part in running.parts
                for connection in part.net_connections()
                if connection.status == "LISTEN"
            }
            url = upload(running, KEPT)

            assert ("0.0.0.0", False) in listening
            assert {ip for ip, is_store in listening if is_store} == {"127.0.0.1"}
            assert "STORE_HOST=0.0.0.0" in running.printed
            assert download(url, sign_in(running)) == KEPT
            running.stop(signal.SIGINT)

        # What was stored survives, and so does the choice of addresses.
        with stack(tmp_path) as again:
            path = urlsplit(url).path
            assert download(again.url + path, sign_in(again)) == KEPT
            assert "STORE_HOST" not in again.printed

    def test_reaches_the_store_if_told_so(self, tmp_path: Path) -> None:
        with home.open_home(tmp_path) as own:
            settings = home.environment(own, "0.0.0.0", 8000, "0.0.0.0")

        assert settings["STORE_HOST"] == "0.0.0.0"
        assert "not for a network" in str(exposure("0.0.0.0", "0.0.0.0"))

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
    def test_is_not_warned_of_where_there_is_none(self, host: str) -> None:
        assert exposure(host, "127.0.0.1") is None
