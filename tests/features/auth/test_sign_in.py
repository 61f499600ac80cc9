import time
from uuid import UUID

import httpx
import pytest
from passlib.hash import argon2
from sqlalchemy import select, update

from backend.core.services import Services
from backend.core.settings import Settings
from backend.models import User
from tests.conftest import serve
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    new_email,
    sign_in,
    until,
)


async def deactivate(services: Services, person: Person) -> None:
    change = update(User).where(User.id == UUID(person.id)).values(is_active=False)
    await services.database.autocommit.execute(change)
    await until(401, lambda: person.http.get("/v1/users/me"))


class TestSignIn:
    async def test_gives_a_bearer_token_and_a_refresh_token(self, register: Register) -> None:
        ada = await register()

        answer = await sign_in(ada.http, ada.email)

        tokens = answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert tokens["token_type"] == "bearer"
        assert tokens["expires_in"] == 900
        assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token"}

    @pytest.mark.parametrize(
        "password", ["wrong", "", "x" * 2000, PASSWORD.upper(), PASSWORD + " "]
    )
    async def test_refuses_a_wrong_password(self, register: Register, password: str) -> None:
        ada = await register()

        answer = await sign_in(ada.http, ada.email, password)

        assert answer.status_code in {401, 422}

    async def test_answers_alike_whether_the_address_is_known(self, register: Register) -> None:
        ada = await register()

        known = (await sign_in(ada.http, ada.email, "wrong password")).json()
        unknown = (await sign_in(ada.http, new_email(), "wrong password")).json()

        assert known["code"] == "invalid_credentials"
        assert {**known, "request_id": ""} == {**unknown, "request_id": ""}

    async def test_takes_as_long_for_an_unknown_address(self, register: Register) -> None:
        ada = await register()

        async def seconds(email: str) -> float:
            started = time.perf_counter()
            await sign_in(ada.http, email, "wrong password")
            return time.perf_counter() - started

        known, unknown = [], []
        for _ in range(5):
            known.append(await seconds(ada.email))
            unknown.append(await seconds(new_email()))

        assert 1 / 3 < min(known) / min(unknown) < 3  # the quickest are the least disturbed

    @pytest.mark.parametrize("username", ["", "nobody", "a\x00@example.com", "x" * 5000, "Ω@Ω.Ω"])
    async def test_refuses_what_is_no_address(self, http: httpx.AsyncClient, username: str) -> None:
        assert (await sign_in(http, username)).status_code in {401, 422}

    @pytest.mark.parametrize(
        "form",
        [
            {"username": "ada@example.com", "password": PASSWORD},
            {"grant_type": "client_credentials", "username": "a@example.com", "password": "x"},
            {"grant_type": "password", "username": "a@example.com"},
            {},
        ],
    )
    async def test_needs_the_whole_form(
        self, http: httpx.AsyncClient, form: dict[str, str]
    ) -> None:
        assert (await http.post("/v1/auth/token", data=form)).status_code == 422

    async def test_says_nothing_of_a_deactivated_account(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        await deactivate(services, ada)

        answer = await sign_in(ada.http, ada.email)

        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_credentials"

    async def test_strengthens_a_hash_made_with_older_parameters(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        db = services.database.autocommit
        weak = argon2.using(type="ID", memory_cost=8192, rounds=1, parallelism=1).hash(PASSWORD)
        await db.execute(update(User).where(User.id == UUID(ada.id)).values(password_hash=weak))

        first = await sign_in(ada.http, ada.email)
        second = await sign_in(ada.http, ada.email)

        query = select(User.password_hash).where(User.id == UUID(ada.id))
        stored: str = (await db.execute(query)).scalar_one()
        assert first.status_code == second.status_code == 200
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


class TestDeactivated:
    async def test_no_credential_works_any_more(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        key = await ada.http.post("/v1/api-keys", json={"name": "x", "scopes": ["files:read"]})
        await deactivate(services, ada)

        refresh = {"refresh_token": ada.tokens["refresh_token"]}
        by_key = {"Authorization": f"Bearer {key.json()['key']}"}
        assert (await ada.http.get("/v1/users/me")).status_code == 401
        assert (await ada.http.get("/v1/users/me", headers=by_key)).status_code == 401
        assert (await ada.http.post("/v1/auth/refresh", json=refresh)).status_code == 401


class TestUnprovedAddress:
    async def test_cannot_sign_in_where_the_operator_asks_for_proof(
        self, settings: Settings, services: Services, mailbox: Mailbox
    ) -> None:
        strict = settings.auth.model_copy(update={"require_verified_email": True})
        email = new_email()
        async with (
            serve(settings.model_copy(update={"auth": strict})) as url,
            httpx.AsyncClient(base_url=url) as http,
        ):
            await http.post("/v1/auth/register", json={"email": email, "password": PASSWORD})
            before = await sign_in(http, email)
            await run_jobs(services)
            token = mailbox.token(email, "Confirm your e-mail address")
            await http.post("/v1/auth/email/verify", json={"token": token})
            after = await sign_in(http, email)

        assert before.json()["code"] == "invalid_credentials"
        assert after.status_code == 200
