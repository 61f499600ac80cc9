"""A whole story, told by real processes, and not one of its secrets in what they write."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import httpx

from backend.core.settings import DatabaseSettings, Settings
from tests.conftest import new_database
from tests.support.dev_stack import free_port
from tests.support.mailbox import Mailbox
from tests.support.people import (
    PASSWORD,
    Person,
    new_email,
    sign_in,
)
from tests.support.processes import running
from tests.support.sharing import make_link, public
from tests.support.transfer import (
    begin,
    complete,
    send,
    send_parts,
)

LINK_PASSWORD = "a very private word"
NEW_PASSWORD = "eleven quiet otters"


def signature(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]


async def mailed(mailbox: Mailbox, email: str, subject: str) -> str:
    """The token of the mail, once the worker has sent it."""
    async with asyncio.timeout(30):
        while subject not in mailbox.subjects(email):
            await asyncio.sleep(0.05)
    return mailbox.token(email, subject)


async def whole_story(http: httpx.AsyncClient, mailbox: Mailbox) -> dict[str, str]:
    """Do everything that involves a secret; give all of them by name."""
    email = new_email("secretive")
    user = await http.post("/v1/auth/register", json={"email": email, "password": PASSWORD})
    verify = await mailed(mailbox, email, "Confirm your e-mail address")
    await http.post("/v1/auth/email/verify", json={"token": verify})
    await sign_in(http, email, "not the password at all")
    tokens = (await sign_in(http, email)).json()
    http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    ada = Person(user.json()["id"], email, http, tokens)

    body = {"name": "robot", "scopes": ["files:read"]}
    key = (await http.post("/v1/api-keys", json=body)).json()["key"]
    await http.get("/v1/files", headers={"Authorization": f"Bearer {key}"})

    upload = await begin(
        ada, b"content", checksum_sha256="7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M="
    )
    await send(upload["request"], b"content")
    file = (await complete(ada, upload)).json()["file"]
    large = await begin(ada, b"x" * 10, name="large", method="multipart")
    await send_parts(large, b"x" * 10)
    download = (await http.post(f"/v1/files/{file['id']}/download-url", json={})).json()["url"]
    await http.get(f"/v1/files/{file['id']}/download")

    link = await make_link(ada, file, password=LINK_PASSWORD)
    await http.get(f"/s/{link['token']}")
    await http.get(f"/s/{link['token']}x")
    await http.get(public(link), params={"token": link["token"]})
    await http.post(public(link, "/unlock"), json={"password": "wrong " + LINK_PASSWORD})
    unlocked = (await http.post(public(link, "/unlock"), json={"password": LINK_PASSWORD})).json()
    headers = {"Authorization": f"Bearer {unlocked['access_token']}"}
    fetched = await http.post(public(link, "/download-url"), json={}, headers=headers)

    await http.post("/v1/auth/password/forgot", json={"email": email})
    reset = await mailed(mailbox, email, "Choose a new password")
    await http.post("/v1/auth/password/reset", json={"token": reset, "password": NEW_PASSWORD})
    await http.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    await http.post("/v1/auth/refresh", json={"refresh": tokens["refresh_token"]})

    return {
        "password": PASSWORD,
        "mistyped password": "not the password at all",
        "new password": NEW_PASSWORD,
        "access token": tokens["access_token"],
        "refresh token": tokens["refresh_token"],
        "api key": key,
        "proof of the address": verify,
        "reset token": reset,
        "link token": link["token"],
        "link password": LINK_PASSWORD,
        "unlocked link": unlocked["access_token"],
        "upload signature": signature(upload["request"]["url"]),
        "part signature": signature(large["parts"][0]["url"]),
        "download signature": signature(download),
        "recipient's signature": signature(fetched.json()["url"]),
    }


async def test_no_secret_is_written_down(
    settings: Settings, postgres_url: str, mailbox: Mailbox
) -> None:
    database = DatabaseSettings(url=type(settings.database.url)(await new_database(postgres_url)))
    own = settings.model_copy(update={"database": database})
    async with (
        running(own, "serve", free_port(), LOG_LEVEL="debug") as api,
        running(own, "worker", free_port(), LOG_LEVEL="debug") as worker,
        httpx.AsyncClient(base_url=api.url, timeout=30) as http,
    ):
        secrets = await whole_story(http, mailbox)

    written = api.output + worker.output
    assert [name for name, secret in secrets.items() if secret in written] == []
    assert "X-Amz-Signature" not in written
    lines = [json.loads(line) for line in written.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 15
    for request in requests:
        assert {"request_id", "method", "route", "status", "duration_ms", "user_id"} <= set(request)
