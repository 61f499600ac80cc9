from tests.support.people import Register, Verify
from tests.support.sharing import path_of, share
from tests.support.transfer import upload_file
from tests.support.trees import make_folder


class TestSharedWithMe:
    async def test_the_latest_share_comes_first_with_its_role(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder, file = await make_folder(ada, "Project"), await upload_file(ada, b"hello")
        await share(ada, folder, ben.email, "editor")
        await share(ada, file, ben.email, "viewer")

        items = (await ben.http.get("/v1/shared-with-me")).json()["items"]

        shown = [(item["kind"], item["id"], item["role"]) for item in items]
        assert shown == [("file", file["id"], "viewer"), ("folder", folder["id"], "editor")]
        assert all(item["folder_id"] is None for item in items)

    async def test_pages_follow_each_other(self, register: Register, verify: Verify) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        for name in "abc":
            await share(ada, await make_folder(ada, name), ben.email)

        first = (await ben.http.get("/v1/shared-with-me?limit=2")).json()
        rest = await ben.http.get(f"/v1/shared-with-me?limit=2&cursor={first['next_cursor']}")

        assert [one["name"] for one in first["items"]] == ["c", "b"]
        assert [one["name"] for one in rest.json()["items"]] == ["a"]
        assert rest.json()["next_cursor"] is None

    async def test_what_is_in_the_trash_is_not_listed(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email)

        await ada.http.delete(path_of(folder))

        assert (await ben.http.get("/v1/shared-with-me")).json()["items"] == []

    async def test_my_own_files_and_invitations_are_not_shared_with_me(
        self, register: Register
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await share(ada, await make_folder(ada, "Project"), ben.email)

        assert (await ada.http.get("/v1/shared-with-me")).json()["items"] == []
        assert (await ben.http.get("/v1/shared-with-me")).json()["items"] == []
