"""Secrets: repeated, guessed, leaked, or put where they do not belong."""

from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from backend.core.services import Services
from backend.main import create_app
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    sign_in,
)
from tests.support.sharing import make_link, public
from tests.support.trees import PutFile


async def key_of(person: Person, *scopes: str) -> dict[str, str]:
    """The header of a new API key."""
    made = await person.http.post("/v1/api-keys", json={"name": "x", "scopes": scopes})
    return {"Authorization": f"Bearer {made.json()['key']}"}


class TestReplay:
    async def test_of_a_session_with_an_api_key_tells_no_secret(self, register: Register) -> None:
        ada = await register()
        weak = await key_of(ada, "files:read")
        wish = {"name": "strong", "scopes": ["files:read", "files:write", "shares:write"]}
        once = {"Idempotency-Key": uuid4().hex}
        made = await ada.http.post("/v1/api-keys", json=wish, headers=once)
        again = await ada.http.post("/v1/api-keys", json=wish, headers=once)

        replayed = await ada.http.post("/v1/api-keys", json=wish, headers=once | weak)

        assert again.json() == made.json()
        assert replayed.status_code == 403
        assert made.json()["key"] not in replayed.text

    async def test_of_an_api_key_with_a_weaker_one_tells_no_secret(
        self, register: Register, put_file: PutFile
    ) -> None:
        ada = await register()
        url = f"/v1/files/{(await put_file(ada))['id']}/links"
        strong = await key_of(ada, "shares:write", "files:read")
        weak = await key_of(ada, "files:read")
        once = {"Idempotency-Key": uuid4().hex}
        made = await ada.http.post(url, json={}, headers=once | strong)

        replayed = await ada.http.post(url, json={}, headers=once | weak)

        assert made.status_code == 201
        assert replayed.status_code == 403
        assert made.json()["token"] not in replayed.text

    async def test_of_another_persons_key_is_a_request_of_ones_own(
        self, register: Register
    ) -> None:
        ada, eve = await register(), await register()
        once, wish = {"Idempotency-Key": uuid4().hex}, {"name": "x"}

        hers = await ada.http.post("/v1/folders", json=wish, headers=once)
        mine = await eve.http.post("/v1/folders", json=wish, headers=once)

        assert (hers.status_code, mine.status_code) == (201, 201)
        assert hers.json()["id"] != mine.json()["id"]

    async def test_of_an_access_token_after_signing_out_is_refused(
        self, register: Register
    ) -> None:
        ada = await register()
        token = {"refresh_token": ada.tokens["refresh_token"]}
        await ada.http.post("/v1/auth/logout", json=token)

        assert (await ada.http.get("/v1/users/me")).status_code == 401
        assert (await ada.http.post("/v1/auth/refresh", json=token)).status_code == 401


class TestLinkTokens:
    async def test_cannot_be_guessed_from_an_id_or_a_part(
        self, register: Register, http: httpx.AsyncClient, put_file: PutFile
    ) -> None:
        ada = await register()
        link = await make_link(ada, await put_file(ada))
        token = link["token"]
        guesses = [link["id"], token[:-1], token + "A", token.swapcase(), token[:-1] + "_", "%00"]

        for guess in guesses:
            answer = await http.get(f"/v1/public/links/{guess}")
            assert (answer.status_code, answer.json()["code"]) == (404, "link_not_found")

    async def test_of_one_link_unlock_no_other(
        self, register: Register, http: httpx.AsyncClient, put_file: PutFile
    ) -> None:
        ada = await register()
        file = await put_file(ada)
        mine = await make_link(ada, file, password="my own password")
        theirs = await make_link(ada, file, password="not my password")
        unlocked = await http.post(public(mine, "/unlock"), json={"password": "my own password"})
        bearer = {"Authorization": f"Bearer {unlocked.json()['access_token']}"}

        assert (await http.post(public(mine, "/download-url"), headers=bearer)).status_code == 200
        assert (await http.post(public(theirs, "/download-url"), headers=bearer)).status_code == 401
        assert (await http.get("/v1/users/me", headers=bearer)).status_code == 401


class TestALeakedDatabase:
    async def test_holds_nothing_that_opens_anything(
        self, register: Register, services: Services, put_file: PutFile
    ) -> None:
        """After a whole life: every row of every table as text, searched for every secret."""
        ada = await register(display_name="Ada")
        file = await put_file(ada)
        link = await make_link(ada, file, password="violet umbrella")
        unlocked = await ada.http.post(
            public(link, "/unlock"), json={"password": "violet umbrella"}
        )
        await ada.http.post(
            public(link, "/download-url"),
            headers={"Authorization": f"Bearer {unlocked.json()['access_token']}"},
        )
        once = {"Idempotency-Key": uuid4().hex}
        wish = {"name": "x", "scopes": ["files:read"]}
        key = (await ada.http.post("/v1/api-keys", json=wish, headers=once)).json()["key"]
        tokens = (await sign_in(ada.http, ada.email)).json()
        refreshed = await ada.http.post(
            "/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]}
        )
        secrets = [
            PASSWORD,
            "violet umbrella",
            key,
            link["token"],
            unlocked.json()["access_token"],
            *(value for value in ada.tokens.values() if len(str(value)) > 20),
            tokens["refresh_token"],
            tokens["access_token"],
            refreshed.json()["refresh_token"],
            once["Idempotency-Key"],
        ]

        leaked = await everything(services)

        assert ada.email in leaked
        for secret in secrets:
            assert str(secret) not in leaked
            assert str(secret).encode().hex() not in leaked  # as bytea is written


async def everything(services: Services) -> str:
    """Every row of every table, as text."""
    async with services.database.transaction() as tx:
        tables = await tx.execute(text("SELECT relname FROM pg_stat_user_tables"))
        rows = [
            (
                await tx.execute(text(f"SELECT string_agg(t::text, E'\\n') FROM \"{table}\" t"))
            ).scalar()
            for table in tables.scalars()
        ]
    return "\n".join(row for row in rows if row)


class TestUrls:
    def test_are_never_taken_from_a_client(self) -> None:
        """No request names an address that the server would fetch, or send people to."""
        document = create_app().openapi()
        suspicious = ("url", "uri", "callback", "redirect", "webhook", "next", "return")
        names = {
            parameter["name"]
            for methods in document["paths"].values()
            for operation in methods.values()
            for parameter in operation.get("parameters", ())
        }
        for methods in document["paths"].values():
            for operation in methods.values():
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    name = content["schema"].get("$ref", "").rpartition("/")[2]
                    schema = document["components"]["schemas"].get(name, {})
                    names |= schema.get("properties", {}).keys()
        assert len(names) > 30
        assert not [name for name in names if any(word in name.lower() for word in suspicious)]

    async def test_in_answers_begin_with_the_public_address(
        self, register: Register, services: Services, put_file: PutFile
    ) -> None:
        ada = await register()
        file = await put_file(ada)
        lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}

        link = (await ada.http.post(f"/v1/files/{file['id']}/links", json={}, headers=lies)).json()

        assert link["url"].startswith(f"{services.settings.public_url}/s/")

    async def test_that_pages_redirect_to_are_ours_or_the_buckets(
        self, register: Register, services: Services, put_file: PutFile
    ) -> None:
        ada = await register()
        link = await make_link(ada, await put_file(ada))
        lies = {"Host": "evil.example", "Referer": "https://evil.example/"}
        query = "?next=https://evil.example&redirect=//evil.example"

        answer = await ada.http.post(f"/s/{link['token']}/download{query}", headers=lies)

        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{services.presigner.origin}/")


class TestLogs:
    async def test_cannot_be_forged(
        self, register: Register, capsys: pytest.CaptureFixture[str], http: httpx.AsyncClient
    ) -> None:
        line = '{"event": "forged", "user_id": "root"}'
        await http.get(f"/v1/files/{quote('x' + chr(10) + line)}")
        await http.get("/health", headers={"User-Agent": line, "X-Request-ID": "a\tb-12345678"})
        await sign_in(http, f"nobody\n{line}@example.com")

        assert not [row for row in capsys.readouterr().out.splitlines() if row.startswith(line)]
