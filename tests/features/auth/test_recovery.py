import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from backend.core.services import Services
from backend.features.auth.jobs import mail_reset
from backend.kit.tokens import token_hash
from backend.models import EmailToken
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox, text_of
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    new_email,
    sign_in,
)

NEW_PASSWORD = "eleven red kites"
VERIFY = "Confirm your e-mail address"
RESET = "Choose a new password"
CHANGED = "Your password was changed"


@pytest.fixture
def post(services: Services, mailbox: Mailbox) -> "Post":
    return Post(services, mailbox)


class Post:
    """Lets the worker send what waits, and reads the mail."""

    def __init__(self, services: Services, mailbox: Mailbox) -> None:
        self.services = services
        self.mailbox = mailbox

    async def token(self, person: Person, subject: str) -> str:
        await run_jobs(self.services)
        return self.mailbox.token(person.email, subject)

    async def reset_token(self, person: Person) -> str:
        await person.http.post("/v1/auth/password/forgot", json={"email": person.email})
        return await self.token(person, RESET)


async def reset(person: Person, token: str, password: str = NEW_PASSWORD) -> httpx.Response:
    body = {"token": token, "password": password}
    return await person.http.post("/v1/auth/password/reset", json=body)


async def change(person: Person, current: str, new: str = NEW_PASSWORD) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await person.http.post("/v1/auth/password/change", json=body)


async def verify(person: Person, token: str) -> httpx.Response:
    return await person.http.post("/v1/auth/email/verify", json={"token": token})


class TestForgotPassword:
    async def test_says_the_same_whether_the_address_is_known(self, register: Register) -> None:
        ada = await register()

        known = await ada.http.post("/v1/auth/password/forgot", json={"email": ada.email})
        unknown = await ada.http.post("/v1/auth/password/forgot", json={"email": new_email()})

        assert known.status_code == unknown.status_code == 202
        assert known.json() == unknown.json()

    async def test_mails_nobody_who_has_no_account(
        self, http: httpx.AsyncClient, post: Post
    ) -> None:
        stranger = new_email()

        await http.post("/v1/auth/password/forgot", json={"email": stranger})
        await run_jobs(post.services)

        assert post.mailbox.of(stranger) == []

    async def test_the_mail_reads_well_as_text_and_as_html(
        self, register: Register, post: Post
    ) -> None:
        ada = await register()
        token = await post.reset_token(ada)

        mail = next(m for m in post.mailbox.of(ada.email) if m["Subject"] == RESET)
        html = mail.get_body(("html",))

        assert f"http://127.0.0.1:8000/reset#token={token}\n" in text_of(mail)
        assert "works once, for 1 hour" in text_of(mail)
        assert html is not None
        assert f'<a href="http://127.0.0.1:8000/reset#token={token}"' in html.get_content()
        assert mail["To"] == ada.email

    async def test_a_mailbox_is_not_flooded(self, register: Register, post: Post) -> None:
        ada = await register()
        for _ in range(5):
            await ada.http.post("/v1/auth/password/forgot", json={"email": ada.email})
        refused = await ada.http.post("/v1/auth/password/forgot", json={"email": ada.email})
        await run_jobs(post.services)

        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0

    async def test_nor_by_many_strangers_together(self, register: Register, post: Post) -> None:
        ada = await register()
        for _ in range(8):
            await mail_reset(post.services, email=ada.email)

        assert post.mailbox.subjects(ada.email).count(RESET) == 5


class TestResetPassword:
    async def test_sets_the_new_one(self, register: Register, post: Post) -> None:
        ada = await register()

        answer = await reset(ada, await post.reset_token(ada))

        assert answer.status_code == 204
        assert (await sign_in(ada.http, ada.email, PASSWORD)).status_code == 401
        assert (await sign_in(ada.http, ada.email, NEW_PASSWORD)).status_code == 200

    async def test_ends_every_session(self, register: Register, post: Post) -> None:
        ada = await register()

        await reset(ada, await post.reset_token(ada))

        assert (await ada.http.get("/v1/users/me")).status_code == 401

    async def test_works_once(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.reset_token(ada)
        await reset(ada, token)

        again = await reset(ada, token, "twelve red kites")

        assert again.status_code == 400
        assert again.json()["code"] == "invalid_email_token"
        assert (await sign_in(ada.http, ada.email, NEW_PASSWORD)).status_code == 200

    async def test_twice_at_once_works_once(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.reset_token(ada)

        answers = await asyncio.gather(reset(ada, token), reset(ada, token, "twelve red kites"))

        assert sorted(answer.status_code for answer in answers) == [204, 400]

    async def test_voids_every_other_reset_mail(self, register: Register, post: Post) -> None:
        ada = await register()
        older = await post.reset_token(ada)
        await reset(ada, await post.reset_token(ada))

        assert (await reset(ada, older, "twelve red kites")).status_code == 400

    async def test_proves_the_address(self, register: Register, post: Post) -> None:
        ada = await register()

        await reset(ada, await post.reset_token(ada))

        tokens = (await sign_in(ada.http, ada.email, NEW_PASSWORD)).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = (await ada.http.get("/v1/users/me", headers=headers)).json()
        assert me["email_verified"] is True

    async def test_throws_out_whoever_took_the_address_first(
        self, register: Register, post: Post
    ) -> None:
        squatter = await register("victim")
        key = await squatter.http.post("/v1/api-keys", json={"name": "x", "scopes": ["files:read"]})

        await reset(squatter, await post.reset_token(squatter))

        headers = {"Authorization": f"Bearer {key.json()['key']}"}
        assert (await squatter.http.get("/v1/users/me", headers=headers)).status_code == 401

    async def test_keeps_the_keys_of_a_proven_owner(self, register: Register, post: Post) -> None:
        ada = await register()
        await verify(ada, await post.token(ada, VERIFY))
        key = await ada.http.post("/v1/api-keys", json={"name": "x", "scopes": ["files:read"]})

        await reset(ada, await post.reset_token(ada))

        headers = {"Authorization": f"Bearer {key.json()['key']}"}
        assert (await ada.http.get("/v1/users/me", headers=headers)).status_code == 200

    async def test_expires(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.reset_token(ada)
        await expire(post.services, token)

        assert (await reset(ada, token)).status_code == 400

    async def test_needs_a_token_for_this_purpose(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.token(ada, VERIFY)

        assert (await reset(ada, token)).status_code == 400

    @pytest.mark.parametrize("password", ["short", "password", "x" * 1025])
    async def test_refuses_a_bad_password_and_keeps_the_token(
        self, register: Register, post: Post, password: str
    ) -> None:
        ada = await register()
        token = await post.reset_token(ada)

        assert (await reset(ada, token, password)).status_code == 422
        assert (await reset(ada, token)).status_code == 204


class TestChangePassword:
    async def test_sets_the_new_one(self, register: Register) -> None:
        ada = await register()

        answer = await change(ada, PASSWORD)

        assert answer.status_code == 204
        assert (await sign_in(ada.http, ada.email, PASSWORD)).status_code == 401
        assert (await sign_in(ada.http, ada.email, NEW_PASSWORD)).status_code == 200

    async def test_ends_every_other_session(self, register: Register) -> None:
        ada = await register()
        laptop = (await sign_in(ada.http, ada.email)).json()

        await change(ada, PASSWORD)

        headers = {"Authorization": f"Bearer {laptop['access_token']}"}
        assert (await ada.http.get("/v1/users/me", headers=headers)).status_code == 401
        assert (await ada.http.get("/v1/users/me")).status_code == 200

    async def test_voids_reset_mails(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.reset_token(ada)

        await change(ada, PASSWORD)

        assert (await reset(ada, token, "twelve red kites")).status_code == 400

    async def test_tells_the_owner_by_mail(self, register: Register, post: Post) -> None:
        ada = await register()
        await change(ada, PASSWORD)

        token = await post.token(ada, CHANGED)

        assert (await reset(ada, token, "twelve red kites")).status_code == 204

    async def test_needs_the_current_one(self, register: Register) -> None:
        ada = await register()

        answer = await change(ada, "wrong password")

        assert answer.status_code == 403
        assert answer.json()["code"] == "wrong_current_password"
        assert (await sign_in(ada.http, ada.email, PASSWORD)).status_code == 200

    async def test_refuses_an_obvious_one(self, register: Register) -> None:
        ada = await register()

        assert (await change(ada, PASSWORD, ada.email)).json()["code"] == "password_too_easy"

    async def test_twice_at_once_changes_it_once(self, register: Register) -> None:
        ada = await register()

        answers = await asyncio.gather(
            change(ada, PASSWORD), change(ada, PASSWORD, "twelve red kites")
        )

        assert sorted(answer.status_code for answer in answers) == [204, 403]


class TestVerifyEmail:
    async def test_works_once(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.token(ada, VERIFY)

        assert (await verify(ada, token)).status_code == 204
        assert (await verify(ada, token)).status_code == 400

    async def test_expires(self, register: Register, post: Post) -> None:
        ada = await register()
        token = await post.token(ada, VERIFY)
        await expire(post.services, token)

        assert (await verify(ada, token)).status_code == 400
        assert (await ada.http.get("/v1/users/me")).json()["email_verified"] is False

    @pytest.mark.parametrize("token", ["", "x", "\x00", "x" * 201, None])
    async def test_refuses_anything_else(self, http: httpx.AsyncClient, token: object) -> None:
        answer = await http.post("/v1/auth/email/verify", json={"token": token})

        assert answer.status_code in {400, 422}


async def expire(services: Services, token: str) -> None:
    long_ago = datetime.now(UTC) - timedelta(seconds=1)
    change = update(EmailToken).where(EmailToken.hash == token_hash(token))
    await services.database.autocommit.execute(change.values(expires_at=long_ago))
