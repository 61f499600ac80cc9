from tests.support.people import Register, Verify, new_email
from tests.support.sharing import code, path_of, share
from tests.support.transfer import upload_file
from tests.support.trees import make_folder


class TestShare:
    async def test_a_viewer_sees_the_folder_at_once(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")

        answer = await share(ada, folder, ben.email)

        assert answer.status_code == 201
        shared = answer.json()
        assert shared["state"] == "active"
        assert (shared["user_id"], shared["email"]) == (ben.id, ben.email)
        seen = (await ben.http.get(path_of(folder))).json()
        assert (seen["name"], seen["role"]) == ("Project", "viewer")

    async def test_what_lies_below_is_shared_too(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        top = await make_folder(ada, "Project")
        inner = await make_folder(ada, "Inner", top)

        await share(ada, top, ben.email, "editor")

        assert (await ben.http.get(path_of(inner))).json()["role"] == "editor"

    async def test_the_strongest_role_wins(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        top = await make_folder(ada, "Project")
        inner = await make_folder(ada, "Inner", top)

        await share(ada, top, ben.email, "editor")
        await share(ada, inner, ben.email, "viewer")

        assert (await ben.http.get(path_of(inner))).json()["role"] == "editor"

    async def test_sharing_again_sets_the_role_anew(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")

        first = await share(ada, folder, ben.email, "viewer")
        second = await share(ada, folder, ben.email, "owner")

        assert second.status_code == 201
        assert second.json()["id"] == first.json()["id"]
        assert (await ben.http.get(path_of(folder))).json()["role"] == "owner"

    async def test_a_repeated_request_gives_the_first_answer(self, register: Register) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")
        body, headers = {"email": new_email(), "role": "viewer"}, {"Idempotency-Key": "once"}
        url = f"{path_of(folder)}/shares"

        first = await ada.http.post(url, json=body, headers=headers)
        again = await ada.http.post(url, json=body, headers=headers)

        assert first.json() == again.json()

    async def test_an_owner_may_share_and_an_editor_may_not(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")

        await share(ada, folder, ben.email, "editor")
        assert code(await share(ben, folder, new_email())) == "403 role_required"

        await share(ada, folder, ben.email, "owner")
        assert (await share(ben, folder, new_email())).status_code == 201

    async def test_what_one_cannot_see_one_cannot_share(self, register: Register) -> None:
        ada, eve = await register("ada"), await register("eve")
        folder = await make_folder(ada, "Project")

        assert code(await share(eve, folder, eve.email)) == "404 not_found"

    async def test_the_owner_of_the_tree_needs_no_share(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email, "owner")

        assert code(await share(ada, folder, ada.email)) == "409 cannot_share_with_owner"
        assert code(await share(ben, folder, ada.email.upper())) == "409 cannot_share_with_owner"
        assert code(await share(ben, folder, ben.email)) == "409 cannot_share_with_yourself"

    async def test_a_file_address_does_not_share_a_folder(self, register: Register) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project") | {"kind": "file"}

        assert code(await share(ada, folder, new_email())) == "404 not_found"

    async def test_nonsense_is_refused(self, register: Register) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")

        assert (await share(ada, folder, "nobody")).status_code == 422
        assert (await share(ada, folder, new_email(), "admin")).status_code == 422

    async def test_sharing_is_limited(self, register: Register, slow_sharing: str) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")
        url = f"{slow_sharing}{path_of(folder)}/shares"
        bodies = [{"email": new_email(), "role": "viewer"} for _ in range(3)]

        answers = [await ada.http.post(url, json=body) for body in bodies]

        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0


class TestList:
    async def test_a_file_tells_who_shares_it_and_not_who_shares_its_folder(
        self, register: Register
    ) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")
        file = await upload_file(ada, b"hello", folder_id=folder["id"])
        await share(ada, folder, new_email())
        shared = (await share(ada, file, new_email())).json()

        assert (await ada.http.get(f"{path_of(file)}/shares")).json()["items"] == [shared]

    async def test_pages_follow_each_other(self, register: Register) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")
        emails = [new_email() for _ in range(3)]
        for email in emails:
            await share(ada, folder, email)
        url = f"{path_of(folder)}/shares?limit=2"

        first = (await ada.http.get(url)).json()
        second = (await ada.http.get(f"{url}&cursor={first['next_cursor']}")).json()

        assert [one["email"] for one in first["items"] + second["items"]] == emails
        assert second["next_cursor"] is None

    async def test_only_owners_see_who_shares(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email, "editor")

        assert code(await ben.http.get(f"{path_of(folder)}/shares")) == "403 role_required"


class TestChange:
    async def test_another_role_works_at_once(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        shared = (await share(ada, folder, ben.email, "viewer")).json()

        answer = await ada.http.patch(f"/v1/shares/{shared['id']}", json={"role": "editor"})

        assert answer.json() == shared | {"role": "editor"}
        assert (await ben.http.get(path_of(folder))).json()["role"] == "editor"

    async def test_nobody_strengthens_their_own_share(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben, eve = await register("ada"), await register("ben"), await register("eve")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        shared = (await share(ada, folder, ben.email, "editor")).json()
        url, wish = f"/v1/shares/{shared['id']}", {"role": "owner"}

        assert code(await ben.http.patch(url, json=wish)) == "403 role_required"
        assert code(await eve.http.patch(url, json=wish)) == "404 not_found"


class TestRemove:
    async def test_an_owner_ends_a_share_at_once(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        shared = (await share(ada, folder, ben.email)).json()

        assert (await ada.http.delete(f"/v1/shares/{shared['id']}")).status_code == 204

        assert (await ben.http.get(path_of(folder))).status_code == 404
        assert (await ada.http.delete(f"/v1/shares/{shared['id']}")).status_code == 404

    async def test_everyone_may_leave(self, register: Register, verify: Verify) -> None:
        ada, ben, eve = await register("ada"), await register("ben"), await register("eve")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        shared = (await share(ada, folder, ben.email)).json()

        assert (await eve.http.delete(f"/v1/shares/{shared['id']}")).status_code == 404
        assert (await ben.http.delete(f"/v1/shares/{shared['id']}")).status_code == 204
        assert (await ben.http.get("/v1/shared-with-me")).json()["items"] == []


class TestAudit:
    async def test_each_change_leaves_one_event(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        folder = await make_folder(ada, "Project")
        shared = (await share(ada, folder, ben.email)).json()
        await ada.http.patch(f"/v1/shares/{shared['id']}", json={"role": "editor"})
        await verify(ben)
        await ben.http.delete(f"/v1/shares/{shared['id']}")

        actions = []
        for person in (ada, ben):
            items = (await person.http.get("/v1/users/me/activity")).json()["items"]
            actions += [one["action"] for one in items if one["subject_id"] == shared["id"]]

        assert actions == ["share.updated", "share.created", "share.removed", "share.accepted"]
