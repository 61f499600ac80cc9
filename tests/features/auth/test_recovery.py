from backend.core.services import Services
from tests.jobs import run_jobs
from tests.mailbox import Mailbox
from tests.people import Register, sign_in

RESET = "Choose a new password"


class TestForgottenPassword:
    async def test_a_mailed_link_sets_a_new_one(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ada = await register()
        await ada.http.post("/v1/auth/password/forgot", json={"email": ada.email.upper()})
        await run_jobs(services)

        body = {"token": mailbox.token(ada.email, RESET), "password": "eleven red kites"}
        answer = await ada.http.post("/v1/auth/password/reset", json=body)

        assert answer.status_code == 204
        assert (await sign_in(ada.http, ada.email)).status_code == 401
        assert (await sign_in(ada.http, ada.email, "eleven red kites")).status_code == 200
