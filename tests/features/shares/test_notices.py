"""The mail about a share: who gets it, what stands in it, and how often."""

from typing import Any

import httpx
import pytest

from backend.core.services import Services
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox, text_of
from tests.support.people import (
    Person,
    Register,
    Verify,
    new_email,
)
from tests.support.sharing import Json, share
from tests.support.transfer import upload_file
from tests.support.trees import make_folder

BAIT = "Salary review, urgent: log in at https://evil.example"


@pytest.fixture
async def ada(register: Register, verify: Verify) -> Person:
    """Somebody who has proved her address."""
    ada = await register("ada")
    await verify(ada)
    return ada


async def share_anew(owner: Person, node: Json, email: str) -> httpx.Response:
    """Share, and take it back."""
    answer = await share(owner, node, email)
    await owner.http.delete(f"/v1/shares/{answer.json()['id']}")
    return answer


class TestWhatItSays:
    async def test_who_shared_what_kind_of_thing_and_what_to_do(
        self, ada: Person, services: Services, mailbox: Mailbox
    ) -> None:
        email = new_email("guest")

        await share(ada, await make_folder(ada, "Plans"), email, "viewer")
        await share(ada, await upload_file(ada, b"hello"), email, "editor")
        await run_jobs(services)

        folder, file = sorted(mailbox.of(email), key=lambda mail: mail["Subject"], reverse=True)
        assert folder["Subject"] == f"{ada.email} shared a folder with you"
        assert file["Subject"] == f"{ada.email} shared a file with you"
        assert "You can view and download it." in text_of(folder)
        assert f"Register with this address ({email})" in text_of(folder)

    async def test_where_an_account_waits_it_need_only_be_opened(
        self,
        ada: Person,
        register: Register,
        verify: Verify,
        services: Services,
        mailbox: Mailbox,
    ) -> None:
        ben = await register("ben")
        await verify(ben)

        await share(ada, await make_folder(ada, "Plans"), ben.email)
        await run_jobs(services)

        assert "Sign in to open it" in text_of(mailbox.of(ben.email)[-1])

    async def test_nothing_that_the_sharer_typed(
        self, register: Register, verify: Verify, services: Services, mailbox: Mailbox
    ) -> None:
        eve, email = await register("eve", display_name=BAIT), new_email("guest")
        await verify(eve)

        await share(eve, await make_folder(eve, BAIT.replace("/", "")), email)
        await run_jobs(services)

        (mail,) = mailbox.of(email)
        assert "evil" not in str(mail["Subject"]) + everything_in(mail)


def everything_in(mail: Any) -> str:
    """Both bodies."""
    return "".join(str(mail.get_body((kind,)).get_content()) for kind in ("plain", "html"))


class TestWhoGetsIt:
    async def test_nobody_from_somebody_who_has_not_proved_their_own_address(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        boss, email = await register("boss"), new_email("guest")

        answer = await share(boss, await make_folder(boss, "Plans"), email)
        await run_jobs(services)

        assert answer.status_code == 201
        assert mailbox.of(email) == []

    async def test_nobody_who_only_gets_another_role(
        self, ada: Person, services: Services, mailbox: Mailbox
    ) -> None:
        email, folder = new_email("guest"), await make_folder(ada, "Plans")

        await share(ada, folder, email, "viewer")
        await run_jobs(services)
        await share(ada, folder, email, "editor")
        await run_jobs(services)

        assert len(mailbox.of(email)) == 1


class TestHowOften:
    @pytest.mark.parametrize("sent_between", [True, False])
    async def test_once_about_the_same_thing_however_often_it_is_shared(
        self, ada: Person, services: Services, mailbox: Mailbox, sent_between: bool
    ) -> None:
        email, folder = new_email("guest"), await make_folder(ada, "Plans")

        for _ in range(6):
            await share_anew(ada, folder, email)
            if sent_between:
                await run_jobs(services)
        await run_jobs(services)

        assert len(mailbox.of(email)) == 1

    async def test_five_an_hour_from_one_person_whatever_is_shared(
        self, ada: Person, services: Services, mailbox: Mailbox
    ) -> None:
        email = new_email("guest")

        for number in range(8):
            await share(ada, await make_folder(ada, f"Folder {number}"), email)
            await run_jobs(services)

        assert len(mailbox.of(email)) == 5

    @pytest.mark.parametrize("one_by_one", [True, False])
    async def test_five_an_hour_into_one_mailbox_whatever_tags_its_address_has(
        self, ada: Person, services: Services, mailbox: Mailbox, one_by_one: bool
    ) -> None:
        name, domain = new_email("guest").split("@")
        tagged = [f"{name}+{number}@{domain}" for number in range(1, 31)]

        for number, email in enumerate(tagged):
            await share(ada, await make_folder(ada, f"Folder {number}"), email)
            if one_by_one:
                await run_jobs(services)
        await run_jobs(services)

        assert sum(len(mailbox.of(email)) for email in tagged) == 5

    async def test_one_person_does_not_use_up_the_mails_of_another(
        self,
        ada: Person,
        register: Register,
        verify: Verify,
        services: Services,
        mailbox: Mailbox,
    ) -> None:
        eve, email = await register("eve"), new_email("guest")
        await verify(eve)
        for number in range(6):
            await share(eve, await make_folder(eve, f"Folder {number}"), email)
            await run_jobs(services)

        await share(ada, await make_folder(ada, "Plans"), email)
        await run_jobs(services)

        assert mailbox.subjects(email).count(f"{ada.email} shared a folder with you") == 1

    async def test_nor_the_mails_about_the_account(
        self, ada: Person, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ben = await register("ben")
        for number in range(6):
            await share(ada, await make_folder(ada, f"Folder {number}"), ben.email)
            await run_jobs(services)

        await ben.http.post("/v1/auth/password/forgot", json={"email": ben.email})
        await run_jobs(services)

        assert "Choose a new password" in mailbox.subjects(ben.email)
