"""Whoever registers somebody else's address is out of reach once its owner moves in.

The owner follows the mail's way to a new password; what a stranger had opened before ends there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from backend.core.services import Services
from backend.features.finalize.jobs import discard
from backend.features.finalize.notifications import heal_arrived
from backend.models import Upload
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    Verify,
    sign_in,
)
from tests.support.sharing import (
    Json,
    code,
    make_link,
    path_of,
    public,
    share,
)
from tests.support.transfer import (
    begin,
    complete,
    send,
    upload_file,
    usage,
)
from tests.support.trees import all_pages, make_folder, root_of

HELLO = b"hello, world"
NEW_PASSWORD = "eleven red kites"
VERIFY = "Confirm your e-mail address"
AGAIN = "You already have an account"
MoveIn = Callable[[Person], Awaitable[None]]


@dataclass
class Moved:
    """Registering anew at an address, and following the mail that comes."""

    services: Services
    mailbox: Mailbox

    async def __call__(self, squatter: Person) -> None:
        """`squatter.http` is signed in as the owner of the address afterwards."""
        await ask_again(squatter)
        await run_jobs(self.services)
        body = {"token": self.mailbox.token(squatter.email, AGAIN), "password": NEW_PASSWORD}
        answer = await squatter.http.post("/v1/auth/password/reset", json=body)
        assert answer.status_code == 204, answer.text
        await sign_in_anew(squatter)


async def ask_again(squatter: Person) -> None:
    body = {"email": squatter.email, "password": "what the owner chose"}
    (await squatter.http.post("/v1/auth/register", json=body)).raise_for_status()


async def sign_in_anew(person: Person) -> None:
    tokens = (await sign_in(person.http, person.email, NEW_PASSWORD)).raise_for_status().json()
    person.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"


@pytest.fixture
def move_in(services: Services, mailbox: Mailbox) -> MoveIn:
    return Moved(services, mailbox)


async def object_key(services: Services, upload: Json) -> str:
    query = select(Upload.object_key).where(Upload.id == UUID(upload["id"]))
    return str((await services.database.autocommit.execute(query)).scalar_one())


class TestMovingIn:
    async def test_ends_what_was_shared(
        self, register: Register, verify: Verify, move_in: MoveIn
    ) -> None:
        victim, accomplice = await register("victim"), await register("accomplice")
        await verify(accomplice)
        root, folder = await root_of(victim), await make_folder(victim, "Taxes")
        await share(victim, root, accomplice.email, "owner")
        await share(victim, folder, accomplice.email, "editor")
        assert (await accomplice.http.get(path_of(folder))).status_code == 200

        await move_in(victim)
        secret = await upload_file(victim, HELLO, "secret.pdf", folder_id=folder["id"])

        for path in (path_of(root), path_of(folder), path_of(secret)):
            assert (await accomplice.http.get(path)).status_code == 404
        assert await all_pages(accomplice, "/v1/shared-with-me") == []
        assert await all_pages(victim, f"{path_of(folder)}/shares") == []
        assert (await victim.http.get(path_of(folder))).json()["name"] == "Taxes"

    async def test_ends_what_was_offered(
        self, register: Register, verify: Verify, move_in: MoveIn
    ) -> None:
        victim, accomplice = await register("victim"), await register("accomplice")
        folder = await make_folder(victim, "Taxes")
        await share(victim, folder, accomplice.email, "owner")

        await move_in(victim)
        await verify(accomplice)

        assert (await accomplice.http.get(path_of(folder))).status_code == 404

    async def test_ends_links_whoever_made_them(
        self, register: Register, verify: Verify, http: httpx.AsyncClient, move_in: MoveIn
    ) -> None:
        victim, accomplice = await register("victim"), await register("accomplice")
        await verify(accomplice)
        root = await root_of(victim)
        await share(victim, root, accomplice.email, "owner")
        links = [await make_link(victim, root), await make_link(accomplice, root)]

        await move_in(victim)
        await share(victim, root, accomplice.email, "owner")  # and not even so does it come back

        answers = [await http.get(public(link, "/children")) for link in links]
        assert [code(answer) for answer in answers] == ["410 link_revoked"] * 2

    async def test_ends_open_uploads_and_what_they_reserve(
        self,
        register: Register,
        verify: Verify,
        services: Services,
        move_in: MoveIn,
    ) -> None:
        victim, accomplice = await register("victim"), await register("accomplice")
        await verify(accomplice)
        root = await root_of(victim)
        await share(victim, root, accomplice.email, "editor")
        uploads = [
            await begin(victim, HELLO, "invoice.html"),
            await begin(victim, HELLO, "parts.bin", method="multipart"),
            await begin(accomplice, HELLO, "invoice.pdf", folder_id=root["id"]),
        ]
        await send(uploads[0]["request"], HELLO)

        await move_in(victim)
        await send(uploads[2]["request"], HELLO)
        await heal_arrived(services, [await object_key(services, one) for one in uploads])

        assert code(await complete(accomplice, uploads[2])) == "409 upload_not_pending"
        assert await all_pages(victim, f"{path_of(root)}/children") == []
        assert (await usage(victim))["reserved_bytes"] == 0
        states = {one["state"] for one in await all_pages(victim, "/v1/uploads")}
        assert states == {"aborted"}

    async def test_discards_the_bytes_of_those_uploads(
        self, register: Register, services: Services, move_in: MoveIn
    ) -> None:
        victim = await register("victim")
        upload = await begin(victim, HELLO)
        await send(upload["request"], HELLO)

        await move_in(victim)
        await run_jobs(services)

        key = await object_key(services, upload)
        assert await services.storage.head(key) is None
        await send(upload["request"], HELLO)  # the URL still works: a later job looks again
        assert await services.storage.head(key) is not None
        await discard(services, upload["id"])
        assert await services.storage.head(key) is None

    async def test_is_told_in_the_activity(self, register: Register, move_in: MoveIn) -> None:
        victim, accomplice = await register("victim"), await register("accomplice")
        folder = await make_folder(victim, "Taxes")
        await share(victim, folder, accomplice.email)
        await make_link(victim, folder)
        await begin(victim, HELLO)

        await move_in(victim)

        items = await all_pages(victim, "/v1/users/me/activity")
        actions = {item["action"] for item in items}
        assert {"share.removed", "link.revoked", "upload.aborted"} <= actions

    async def test_cannot_be_outrun(
        self, register: Register, verify: Verify, http: httpx.AsyncClient, move_in: MoveIn
    ) -> None:
        """Somebody who opens the account without a pause has opened nothing in the end."""
        victim, accomplice = await register("victim"), await register("accomplice")
        await verify(accomplice)
        root, opened = await root_of(victim), list[Json]()
        bearer = {"Authorization": victim.http.headers["Authorization"]}

        async def open_for_ever() -> None:
            while True:
                answer = await http.post(f"{path_of(root)}/links", json={}, headers=bearer)
                if answer.status_code != 201:
                    return
                opened.append(answer.json())
                body = {"email": accomplice.email, "role": "owner"}
                await http.post(f"{path_of(root)}/shares", json=body, headers=bearer)

        stranger = asyncio.gather(*(open_for_ever() for _ in range(8)))
        await move_in(victim)
        await stranger

        answers = [await http.get(public(link)) for link in opened]
        assert {code(answer) for answer in answers} == {"410 link_revoked"}
        assert (await accomplice.http.get(path_of(root))).status_code == 404

    async def test_leaves_no_key_made_meanwhile(
        self, register: Register, http: httpx.AsyncClient, move_in: MoveIn
    ) -> None:
        victim, keys = await register("victim"), list[str]()
        bearer = {"Authorization": victim.http.headers["Authorization"]}

        async def make_keys_for_ever() -> None:
            body = {"name": "x", "scopes": ["files:read"]}
            while True:
                answer = await http.post("/v1/api-keys", json=body, headers=bearer)
                if answer.status_code != 201:
                    return
                keys.append(answer.json()["key"])

        stranger = asyncio.gather(*(make_keys_for_ever() for _ in range(8)))
        await move_in(victim)
        await stranger

        for key in keys:
            answer = await http.get("/v1/users/me", headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 401


class TestAProvenOwner:
    async def test_keeps_everything_when_choosing_a_new_password(
        self,
        register: Register,
        verify: Verify,
        http: httpx.AsyncClient,
        move_in: MoveIn,
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ada)
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email)
        link, upload = await make_link(ada, folder), await begin(ada, HELLO)

        await move_in(ada)
        await send(upload["request"], HELLO)

        assert (await ben.http.get(path_of(folder))).status_code == 200
        assert (await http.get(public(link))).status_code == 200
        assert (await complete(ada, upload)).status_code == 200


class TestTheFirstMail:
    async def test_confirms_nothing_once_somebody_registered_again(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        """Its link would leave the account to whoever chose the present password."""
        victim = await register("victim")
        await run_jobs(services)
        first = mailbox.token(victim.email, VERIFY)

        await ask_again(victim)
        await run_jobs(services)

        answer = await victim.http.post("/v1/auth/email/verify", json={"token": first})
        assert code(answer) == "400 invalid_email_token"
        assert (await victim.http.get("/v1/users/me")).json()["email_verified"] is False
        assert (await sign_in(victim.http, victim.email, PASSWORD)).status_code == 200

    async def test_nor_once_a_new_password_was_asked_for(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        victim = await register("victim")
        await run_jobs(services)
        first = mailbox.token(victim.email, VERIFY)

        await victim.http.post("/v1/auth/password/forgot", json={"email": victim.email})
        await run_jobs(services)

        answer = await victim.http.post("/v1/auth/email/verify", json={"token": first})
        assert code(answer) == "400 invalid_email_token"
