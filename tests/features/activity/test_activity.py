import httpx

from tests.support.people import Person, Register, Verify
from tests.support.sharing import make_link, public, share
from tests.support.transfer import upload_file


async def activity(person: Person, file_id: str, **query: str | int) -> httpx.Response:
    return await person.http.get(f"/v1/files/{file_id}/activity", params=query)


def actions(answer: httpx.Response) -> list[str]:
    return [event["action"] for event in answer.json()["items"]]


class TestOfAFile:
    async def test_tells_what_happened_and_who_did_it(self, register: Register) -> None:
        ada = await register("ada", display_name="Ada")
        file = await upload_file(ada, b"content")
        await ada.http.patch(f"/v1/files/{file['id']}", json={"name": "better.txt"})

        answer = await activity(ada, file["id"])

        assert actions(answer) == ["file.renamed", "file.uploaded"]
        assert answer.json()["items"][0]["actor"] == {
            "kind": "user",
            "id": ada.id,
            "display_name": "Ada",
        }

    async def test_shows_its_owner_how_it_was_shared_and_fetched(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada, bob = await register("ada"), await register("bob")
        file = await upload_file(ada, b"content")
        await share(ada, file, bob.email)
        link = await make_link(ada, file)
        await http.post(public(link, "/download-url"), json={})

        assert actions(await activity(ada, file["id"])) == [
            "link.downloaded",
            "link.created",
            "share.created",
            "file.uploaded",
        ]

    async def test_does_not_show_a_viewer_who_else_may_see_it(
        self, register: Register, verify: Verify
    ) -> None:
        ada, bob = await register("ada"), await register("bob")
        await verify(bob)
        file = await upload_file(ada, b"content")
        await share(ada, file, bob.email)
        await make_link(ada, file)

        assert actions(await activity(bob, file["id"])) == ["file.uploaded"]

    async def test_comes_in_pages(self, register: Register) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"content")
        await ada.http.patch(f"/v1/files/{file['id']}", json={"name": "b.txt"})

        first = await activity(ada, file["id"], limit=1)
        second = await activity(ada, file["id"], limit=1, cursor=first.json()["next_cursor"])

        assert actions(first) + actions(second) == ["file.renamed", "file.uploaded"]
        assert second.json()["next_cursor"] is None

    async def test_is_not_found_by_a_stranger(self, register: Register) -> None:
        ada, eve = await register("ada"), await register("eve")
        file = await upload_file(ada, b"content")

        assert (await activity(eve, file["id"])).status_code == 404


class TestOfOneself:
    async def test_tells_what_one_did_and_from_where(self, register: Register) -> None:
        ada = await register("ada")
        await ada.http.post("/v1/folders", json={"name": "plans"})

        answer = await ada.http.get("/v1/users/me/activity")

        assert actions(answer)[0] == "folder.created"
        assert "session.created" in actions(answer)
        assert answer.json()["items"][0]["ip"] == "127.0.0.1"

    async def test_does_not_tell_what_others_did(self, register: Register) -> None:
        ada, bob = await register("ada"), await register("bob")
        await bob.http.post("/v1/folders", json={"name": "plans"})

        answer = await ada.http.get("/v1/users/me/activity")

        assert "folder.created" not in actions(answer)

    async def test_needs_a_session(self, register: Register) -> None:
        ada = await register("ada")
        body = {"name": "robot", "scopes": ["files:read"]}
        key = (await ada.http.post("/v1/api-keys", json=body)).json()["key"]

        answer = await ada.http.get(
            "/v1/users/me/activity", headers={"Authorization": f"Bearer {key}"}
        )

        assert answer.json()["code"] == "session_required"
