import httpx

from backend.core.services import Services
from tests.support.html import parse
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox
from tests.support.people import Register, sign_in


class TestVerify:
    async def test_the_code_from_the_mail_confirms_the_address(
        self, register: Register, services: Services, mailbox: Mailbox, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        await run_jobs(services)
        token = mailbox.token(ada.email, "Confirm your e-mail address")
        page = parse((await http.get("/verify")).text)
        form, field = page.one("form"), page.one("input")

        answer = await http.post(form["action"], data={field["name"]: f" {token}\n"})

        assert parse(answer.text).one("h1").text == "Your address is confirmed"
        assert (await ada.http.get("/v1/users/me")).json()["email_verified"] is True

    async def test_a_code_works_once(
        self, register: Register, services: Services, mailbox: Mailbox, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        await run_jobs(services)
        data = {"token": mailbox.token(ada.email, "Confirm your e-mail address")}
        await http.post("/verify", data=data)

        for used in (data, {"token": "wrong"}, {}):
            answer = await http.post("/verify", data=used)
            assert answer.status_code == 400
            assert parse(answer.text).one("h1").text == "This link no longer works"


class TestReset:
    async def test_a_new_password_is_set(
        self, register: Register, services: Services, mailbox: Mailbox, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        await http.post("/v1/auth/password/forgot", json={"email": ada.email})
        await run_jobs(services)
        token = mailbox.token(ada.email, "Choose a new password")

        short = await http.post("/reset", data={"token": token, "password": "short"})
        easy = await http.post("/reset", data={"token": token, "password": "password123"})
        done = await http.post("/reset", data={"token": token, "password": "eleven red kites"})

        for refused in (short, easy):
            page = parse(refused.text)
            assert refused.status_code == 422
            assert page.one("input", name="token")["value"] == token
            assert page.one("p", role="alert").text
        assert parse(done.text).one("h1").text == "Your password is set"
        assert (await sign_in(http, ada.email, "eleven red kites")).status_code == 200

    async def test_a_wrong_code_sets_nothing(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/reset", data={"token": "x", "password": "eleven red kites"})

        assert answer.status_code == 400
        assert parse(answer.text).one("h1").text == "This link no longer works"
