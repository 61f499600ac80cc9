import asyncio
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from backend.core.services import Services
from backend.core.settings import Settings
from backend.models import Node, User
from tests.conftest import serve
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox
from tests.support.people import (
    PASSWORD,
    Register,
    new_email,
    sign_in,
)


def wish(**fields: Any) -> dict[str, Any]:
    return {"email": new_email(), "password": PASSWORD, **fields}


class TestRegister:
    async def test_makes_an_account(self, http: httpx.AsyncClient) -> None:
        body = wish(display_name="  Ada Lovelace ")

        answer = await http.post("/v1/auth/register", json=body)

        assert answer.status_code == 201
        user = answer.json()
        assert user.pop("id")
        assert user.pop("created_at")
        assert user == {
            "email": body["email"],
            "display_name": "Ada Lovelace",
            "role": "user",
            "email_verified": False,
        }

    async def test_ignores_the_case_of_the_address(self, http: httpx.AsyncClient) -> None:
        body = wish()
        await http.post("/v1/auth/register", json={**body, "email": body["email"].upper()})

        assert (await sign_in(http, body["email"].title())).status_code == 200

    async def test_gives_an_empty_tree(self, register: Register, services: Services) -> None:
        ada = await register()

        query = select(Node.name).where(Node.space_id == ada.id)
        names = (await services.database.autocommit.execute(query)).scalars().all()

        assert names == ["My files"]

    async def test_mails_a_link_that_proves_the_address(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ada = await register()
        await run_jobs(services)

        token = mailbox.token(ada.email, "Confirm your e-mail address")
        answer = await ada.http.post("/v1/auth/email/verify", json={"token": token})

        assert answer.status_code == 204
        assert (await ada.http.get("/v1/users/me")).json()["email_verified"] is True

    async def test_repeated_with_its_key_gives_the_first_answer(
        self, http: httpx.AsyncClient
    ) -> None:
        body, key = wish(), {"Idempotency-Key": new_email()}
        first = await http.post("/v1/auth/register", json=body, headers=key)
        again = await http.post("/v1/auth/register", json=body, headers=key)

        assert again.status_code == 201
        assert again.json() == first.json()

    @pytest.mark.parametrize(
        "email",
        [
            *["", "ada", "ada@", "@example.com", "ada@example", "a b@example.com"],
            *["ada@example.com\nBcc: all@example.com", "ada\x00@example.com", "a" * 250 + "@x.io"],
            *["ada@[127.0.0.1]", "äda@example.com", None, 7, ["ada@example.com"]],
        ],
    )
    async def test_refuses_what_is_no_address(self, http: httpx.AsyncClient, email: object) -> None:
        answer = await http.post("/v1/auth/register", json=wish(email=email))

        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_request"

    @pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "€" * 342, None, 12345678])
    async def test_refuses_a_password_of_the_wrong_length(
        self, http: httpx.AsyncClient, password: object
    ) -> None:
        answer = await http.post("/v1/auth/register", json=wish(password=password))

        assert answer.status_code == 422
        assert "errors" in answer.json()

    @pytest.mark.parametrize("password", ["password", "Qwerty123", "12345678"])
    async def test_refuses_a_password_everybody_tries_first(
        self, http: httpx.AsyncClient, password: str
    ) -> None:
        answer = await http.post("/v1/auth/register", json=wish(password=password))

        assert answer.json()["code"] == "password_too_easy"

    async def test_refuses_the_address_as_password(self, http: httpx.AsyncClient) -> None:
        email = new_email()

        answer = await http.post("/v1/auth/register", json={"email": email, "password": email})

        assert answer.json()["code"] == "password_too_easy"

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "Ada\nLovelace", "Ada\x00"])
    async def test_refuses_a_name_that_is_not_one_line(
        self, http: httpx.AsyncClient, name: str
    ) -> None:
        answer = await http.post("/v1/auth/register", json=wish(display_name=name))

        assert answer.status_code == 422

    @pytest.mark.parametrize(
        "extra", [{"role": "admin"}, {"quota_bytes": 1}, {"email_verified": True}, {"id": "x"}]
    )
    async def test_takes_no_field_that_is_not_the_registrants_to_set(
        self, http: httpx.AsyncClient, extra: dict[str, Any]
    ) -> None:
        body = wish(**extra)

        assert (await http.post("/v1/auth/register", json=body)).status_code == 422
        assert (await sign_in(http, body["email"])).status_code == 401

    async def test_never_repeats_the_password_in_an_error(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/v1/auth/register", json=wish(password="hunter2"))

        assert "hunter2" not in answer.text


class TestKnownAddress:
    async def test_gets_the_same_answer(self, register: Register) -> None:
        ada = await register(display_name="Ada")

        known = await ada.http.post("/v1/auth/register", json=wish(email=ada.email))
        unknown = await ada.http.post("/v1/auth/register", json=wish())

        assert known.status_code == unknown.status_code == 201
        assert known.json().keys() == unknown.json().keys()
        assert known.json()["display_name"] is None
        assert known.json()["id"] != ada.id

    async def test_changes_nothing(self, register: Register) -> None:
        ada = await register()

        again = wish(email=ada.email, password="another grey heron", display_name="Eve")
        await ada.http.post("/v1/auth/register", json=again)

        assert (await sign_in(ada.http, ada.email, "another grey heron")).status_code == 401
        assert (await ada.http.get("/v1/users/me")).json()["display_name"] is None

    async def test_tells_its_owner_by_mail(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ada = await register()
        await ada.http.post("/v1/auth/register", json=wish(email=ada.email))
        await run_jobs(services)

        assert "You already have an account" in mailbox.subjects(ada.email)

    async def test_takes_the_same_time(self, register: Register) -> None:
        ada = await register()

        async def seconds(email: str) -> float:
            started = time.perf_counter()
            await ada.http.post("/v1/auth/register", json=wish(email=email))
            return time.perf_counter() - started

        known, unknown = [], []
        for number in range(5):
            bob = await register(f"bob{number}")
            known.append(await seconds(bob.email))
            unknown.append(await seconds(new_email()))

        assert 1 / 3 < min(known) / min(unknown) < 3  # the quickest are the least disturbed

    async def test_registered_many_times_at_once_has_one_account(
        self, http: httpx.AsyncClient, services: Services
    ) -> None:
        email = new_email()
        passwords = [f"{PASSWORD} {number}" for number in range(4)]

        answers = await asyncio.gather(
            *(
                http.post("/v1/auth/register", json=wish(email=email, password=password))
                for password in passwords
            )
        )
        signed_in = [(await sign_in(http, email, password)).status_code for password in passwords]
        query = select(func.count()).where(User.email == email)

        assert {answer.status_code for answer in answers} == {201}
        assert sorted(signed_in) == [200, 401, 401, 401]
        assert (await services.database.autocommit.execute(query)).scalar_one() == 1


class TestWhoMayRegister:
    async def test_nobody_when_closed(self, settings: Settings) -> None:
        answer = await _register_with(settings, registration="closed")

        assert answer.status_code == 403
        assert answer.json()["code"] == "registration_closed"

    async def test_only_addresses_of_the_allowed_domains(self, settings: Settings) -> None:
        domains = ["Example.org", "example.net"]

        refused = await _register_with(settings, email_domains=domains)
        allowed = await _register_with(settings, "ada@EXAMPLE.org", email_domains=domains)

        assert refused.status_code == 403
        assert refused.json()["code"] == "email_domain_not_allowed"
        assert allowed.status_code == 201


async def _register_with(
    settings: Settings, email: str | None = None, **changes: Any
) -> httpx.Response:
    auth = settings.auth.model_copy(update=changes)
    async with (
        serve(settings.model_copy(update={"auth": auth})) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        return await http.post("/v1/auth/register", json=wish(email=email or new_email()))
