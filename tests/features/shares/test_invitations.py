import asyncio

from backend.core.services import Services
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox
from tests.support.people import Register, Verify, new_email
from tests.support.sharing import path_of, share
from tests.support.trees import make_folder

VERIFY = "Confirm your e-mail address"


class TestInvite:
    async def test_whoever_proves_the_address_joins(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        folder = await make_folder(ada, "Project")

        invitation = (await share(ada, folder, ben.email.upper(), "editor")).json()
        assert (invitation["state"], invitation["user_id"]) == ("invited", None)
        assert (await ben.http.get(path_of(folder))).status_code == 404
        await verify(ben)

        assert (await ben.http.get(path_of(folder))).json()["role"] == "editor"
        listed = (await ada.http.get(f"{path_of(folder)}/shares")).json()["items"]
        assert [(one["id"], one["state"]) for one in listed] == [(invitation["id"], "active")]

    async def test_an_unproven_account_looks_like_no_account(self, register: Register) -> None:
        ada, ben = await register("ada"), await register("ben")
        folder = await make_folder(ada, "Project")

        known = (await share(ada, folder, ben.email)).json()
        unknown = (await share(ada, folder, new_email())).json()

        shown = ("node_id", "user_id", "role", "state")
        assert [known[name] for name in shown] == [unknown[name] for name in shown]

    async def test_a_withdrawn_invitation_is_never_accepted(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        folder = await make_folder(ada, "Project")
        invitation = (await share(ada, folder, ben.email)).json()
        await ada.http.delete(f"/v1/shares/{invitation['id']}")

        await verify(ben)

        assert (await ben.http.get(path_of(folder))).status_code == 404

    async def test_inviting_and_proving_at_once_leaves_no_invitation_waiting(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        folders = [await make_folder(ada, f"Folder {number}") for number in range(8)]
        await run_jobs(services)
        proof = {"token": mailbox.token(ben.email, VERIFY)}

        await asyncio.gather(
            *(share(ada, folder, ben.email) for folder in folders[:4]),
            ben.http.post("/v1/auth/email/verify", json=proof),
            *(share(ada, folder, ben.email) for folder in folders[4:]),
        )

        seen = (await ben.http.get("/v1/shared-with-me")).json()["items"]
        assert {item["id"] for item in seen} == {folder["id"] for folder in folders}
