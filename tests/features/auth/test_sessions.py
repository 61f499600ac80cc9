import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from backend.core.services import Services
from backend.features.auth.jobs import sweep
from backend.kit.tokens import token_hash
from backend.models import RefreshToken, UserSession
from tests.support.people import Person, Register, sign_in

NOBODY = "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"


async def refresh(person: Person, tokens: dict[str, Any]) -> httpx.Response:
    body = {"refresh_token": tokens["refresh_token"]}
    return await person.http.post("/v1/auth/refresh", json=body)


async def status_with(person: Person, tokens: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await person.http.get("/v1/users/me", headers=headers)).status_code


class TestRefresh:
    async def test_gives_the_next_pair(self, register: Register) -> None:
        ada = await register()

        fresh = (await refresh(ada, ada.tokens)).json()

        assert fresh["refresh_token"] != ada.tokens["refresh_token"]
        assert await status_with(ada, fresh) == 200

    async def test_of_a_used_token_ends_the_whole_session(self, register: Register) -> None:
        ada = await register()
        fresh = (await refresh(ada, ada.tokens)).json()

        reused = await refresh(ada, ada.tokens)

        assert reused.status_code == 401
        assert reused.json()["code"] == "refresh_token_reused"
        assert (await refresh(ada, fresh)).status_code == 401
        assert await status_with(ada, fresh) == 401

    async def test_of_a_used_token_leaves_other_devices_alone(self, register: Register) -> None:
        ada = await register()
        laptop = (await sign_in(ada.http, ada.email)).json()
        await refresh(ada, ada.tokens)

        await refresh(ada, ada.tokens)

        assert await status_with(ada, laptop) == 200

    async def test_twice_at_once_lets_one_win_and_ends_the_session(
        self, register: Register
    ) -> None:
        ada = await register()

        answers = await asyncio.gather(*(refresh(ada, ada.tokens) for _ in range(5)))

        statuses = sorted(answer.status_code for answer in answers)
        winner = next(answer.json() for answer in answers if answer.status_code == 200)
        assert statuses == [200, 401, 401, 401, 401]
        assert (await refresh(ada, winner)).status_code == 401

    @pytest.mark.parametrize("token", ["", "x", "x" * 200, "x" * 201, "\x00", None, 7, {}])
    async def test_of_anything_else_is_refused(
        self, http: httpx.AsyncClient, token: object
    ) -> None:
        answer = await http.post("/v1/auth/refresh", json={"refresh_token": token})

        assert answer.status_code in {401, 422}

    async def test_of_an_expired_token_is_refused(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        await expire(services, ada.tokens)

        answer = await refresh(ada, ada.tokens)

        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_refresh_token"


class TestSignOut:
    async def test_ends_the_session_at_once(self, register: Register) -> None:
        ada = await register()

        body = {"refresh_token": ada.tokens["refresh_token"]}
        answer = await ada.http.post("/v1/auth/logout", json=body)

        assert answer.status_code == 204
        assert await status_with(ada, ada.tokens) == 401
        assert (await refresh(ada, ada.tokens)).status_code == 401

    async def test_works_with_a_token_already_used(self, register: Register) -> None:
        ada = await register()
        fresh = (await refresh(ada, ada.tokens)).json()

        body = {"refresh_token": ada.tokens["refresh_token"]}
        await ada.http.post("/v1/auth/logout", json=body)

        assert await status_with(ada, fresh) == 401

    async def test_of_an_unknown_token_is_no_error(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/v1/auth/logout", json={"refresh_token": "unknown"})

        assert answer.status_code == 204

    async def test_leaves_other_sessions_alone(self, register: Register) -> None:
        ada = await register()
        laptop = (await sign_in(ada.http, ada.email)).json()

        body = {"refresh_token": ada.tokens["refresh_token"]}
        await ada.http.post("/v1/auth/logout", json=body)

        assert await status_with(ada, laptop) == 200


class TestList:
    async def test_shows_where_one_is_signed_in(self, register: Register) -> None:
        ada = await register()
        await sign_in(ada.http, ada.email, **{"User-Agent": "Laptop " + "x" * 500})

        page = (await ada.http.get("/v1/auth/sessions")).json()

        laptop, first = page["items"]
        assert laptop["user_agent"].startswith("Laptop xxx")
        assert len(laptop["user_agent"]) == 255
        assert laptop["ip"] == "127.0.0.1"
        assert [laptop["current"], first["current"]] == [False, True]
        assert page["next_cursor"] is None

    async def test_leaves_out_what_has_ended(self, register: Register, services: Services) -> None:
        ada = await register()
        await expire(services, (await sign_in(ada.http, ada.email)).json())
        ended = (await sign_in(ada.http, ada.email)).json()
        body = {"refresh_token": ended["refresh_token"]}
        await ada.http.post("/v1/auth/logout", json=body)

        items = (await ada.http.get("/v1/auth/sessions")).json()["items"]

        assert [item["current"] for item in items] == [True]

    async def test_comes_in_pages(self, register: Register) -> None:
        ada = await register()
        for _ in range(2):
            await sign_in(ada.http, ada.email)

        first = (await ada.http.get("/v1/auth/sessions?limit=2")).json()
        query = {"limit": 2, "cursor": first["next_cursor"]}
        second = (await ada.http.get("/v1/auth/sessions", params=query)).json()

        ids = [item["id"] for item in first["items"] + second["items"]]
        assert len(set(ids)) == 3
        assert ids == sorted(ids, reverse=True)
        assert second["next_cursor"] is None


class TestEndSession:
    async def test_signs_a_device_out(self, register: Register) -> None:
        ada = await register()
        laptop = (await sign_in(ada.http, ada.email)).json()
        newest = (await ada.http.get("/v1/auth/sessions")).json()["items"][0]["id"]

        answer = await ada.http.delete(f"/v1/auth/sessions/{newest}")

        assert answer.status_code == 204
        assert await status_with(ada, laptop) == 401
        assert await status_with(ada, ada.tokens) == 200

    async def test_of_somebody_else_is_not_found(self, register: Register) -> None:
        ada, bob = await register(), await register()
        theirs = (await bob.http.get("/v1/auth/sessions")).json()["items"][0]["id"]

        assert (await ada.http.delete(f"/v1/auth/sessions/{theirs}")).status_code == 404
        assert await status_with(bob, bob.tokens) == 200

    @pytest.mark.parametrize("session_id", [NOBODY, "x", "..%2f..", "0"])
    async def test_that_never_was_is_an_error(self, register: Register, session_id: str) -> None:
        ada = await register()

        answer = await ada.http.delete(f"/v1/auth/sessions/{session_id}")

        assert answer.status_code in {404, 422}


class TestSweep:
    async def test_deletes_what_nothing_can_continue(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        gone = (await sign_in(ada.http, ada.email)).json()
        await expire(services, gone)

        await sweep(services)

        query = select(func.count()).where(UserSession.user_id == UUID(ada.id))
        assert (await services.database.autocommit.execute(query)).scalar_one() == 1
        assert await status_with(ada, ada.tokens) == 200


async def expire(services: Services, tokens: dict[str, Any]) -> None:
    long_ago = datetime.now(UTC) - timedelta(seconds=1)
    which = RefreshToken.hash == token_hash(tokens["refresh_token"])
    change = update(RefreshToken).where(which).values(expires_at=long_ago)
    await services.database.autocommit.execute(change)
