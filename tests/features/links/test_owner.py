from datetime import UTC, datetime, timedelta

import pytest

from backend.core.settings import Settings
from tests.conftest import serve
from tests.support.people import Register, Verify
from tests.support.sharing import (
    code,
    make_link,
    path_of,
    public,
    share,
)
from tests.support.transfer import Json, upload_file
from tests.support.trees import make_folder

PASSWORD = "violet umbrella"


def soon(**span: float) -> str:
    """A time from now."""
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


class TestCreate:
    async def test_the_token_is_shown_once(self, register: Register) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")

        link = await make_link(ada, folder, max_downloads=3)

        assert link["url"].endswith(f"/s/{link['token']}")
        assert len(link["token"]) >= 43
        shown = (await ada.http.get(f"/v1/links/{link['id']}")).json()
        assert shown == {key: link[key] for key in link if key not in ("token", "url")}
        assert (shown["max_downloads"], shown["download_count"]) == (3, 0)
        assert shown["has_password"] is False

    @pytest.mark.parametrize("body", [None, b"null", b"{}"])
    async def test_without_limits_needs_no_body(
        self, register: Register, body: bytes | None
    ) -> None:
        ada = await register("ada")
        folder, file = await make_folder(ada, "Project"), await upload_file(ada, b"hello")

        for node in (folder, file):
            headers = {"Content-Type": "application/json"} if body else {}
            headers["Idempotency-Key"] = node["id"]
            answer = await ada.http.post(f"{path_of(node)}/links", content=body, headers=headers)

            assert answer.status_code == 201, answer.text
            assert answer.json()["max_downloads"] is None

    async def test_expires_when_the_operator_says_unless_its_creator_does(
        self, register: Register, settings: Settings
    ) -> None:
        ada = await register("ada")
        url = f"{path_of(await make_folder(ada, 'Project'))}/links"
        month = settings.model_copy(update={"link_default_ttl": timedelta(days=30)})

        async with serve(month) as api:
            bodies: list[Json | None] = [
                None,
                {"password": PASSWORD},
                {"expires_at": soon(days=90)},
            ]
            bodies.append({"expires_at": None})
            made = [(await ada.http.post(api + url, json=body)).json() for body in bodies]

        ends = [link["expires_at"] and datetime.fromisoformat(link["expires_at"]) for link in made]
        days = [end and round((end - datetime.now(UTC)) / timedelta(days=1)) for end in ends]
        assert days == [30, 30, 90, None]

    @pytest.mark.parametrize(
        ("written", "meant"),
        [("off", None), ("", None), ("P30D", timedelta(days=30)), ("60", timedelta(minutes=1))],
    )
    def test_the_default_expiry_is_a_duration_or_off(
        self, monkeypatch: pytest.MonkeyPatch, written: str, meant: timedelta | None
    ) -> None:
        monkeypatch.setenv("LINK_DEFAULT_TTL", written)

        assert Settings().link_default_ttl == meant

    async def test_a_repeated_request_gives_the_first_token(self, register: Register) -> None:
        ada = await register("ada")
        url = f"{path_of(await make_folder(ada, 'Project'))}/links"
        headers, body = {"Idempotency-Key": "once"}, {"password": PASSWORD}

        first = await ada.http.post(url, json=body, headers=headers)
        again = await ada.http.post(url, json=body, headers=headers)

        assert first.json() == again.json()
        assert len((await ada.http.get("/v1/links")).json()["items"]) == 1

    async def test_only_owners_make_links(self, register: Register, verify: Verify) -> None:
        ada, ben, eve = await register("ada"), await register("ben"), await register("eve")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email, "editor")
        url = f"{path_of(folder)}/links"

        assert code(await ben.http.post(url, json={})) == "403 role_required"
        assert code(await eve.http.post(url, json={})) == "404 not_found"

    async def test_limits_must_make_sense(self, register: Register) -> None:
        ada = await register("ada")
        url = f"{path_of(await make_folder(ada, 'Project'))}/links"

        for nonsense in (
            {"max_downloads": 0},
            {"max_downloads": 2**31},
            {"password": "short"},
            {"expires_at": soon(seconds=-1)},
            {"expires_at": "2999-01-01T00:00:00Z"},
            {"expires_at": "9999-12-31T23:59:59-12:00"},
            {"expires_at": "2027-01-01T00:00:00"},
            {"unknown": True},
        ):
            assert (await ada.http.post(url, json=nonsense)).status_code == 422, nonsense


class TestList:
    async def test_my_links_come_newest_first_in_pages(self, register: Register) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "Project")
        ids = [(await make_link(ada, folder))["id"] for _ in range(3)]

        first = (await ada.http.get("/v1/links?limit=2")).json()
        rest = (await ada.http.get(f"/v1/links?limit=2&cursor={first['next_cursor']}")).json()

        assert [link["id"] for link in first["items"] + rest["items"]] == ids[::-1]
        assert rest["next_cursor"] is None

    async def test_an_owner_sees_every_link_of_their_file_whoever_made_it(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben, eve = await register("ada"), await register("ben"), await register("eve")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email, "owner")
        link = await make_link(ben, folder)
        url = f"/v1/links?node_id={folder['id']}"

        assert [one["id"] for one in (await ada.http.get(url)).json()["items"]] == [link["id"]]
        assert (await ada.http.get("/v1/links")).json()["items"] == []
        assert code(await eve.http.get(url)) == "404 not_found"


class TestChange:
    async def test_limits_are_set_and_lifted(self, register: Register) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Project"), password=PASSWORD)
        url, expiry = f"/v1/links/{link['id']}", soon(days=7)

        one = (await ada.http.patch(url, json={"expires_at": expiry, "max_downloads": 5})).json()
        two = (await ada.http.patch(url, json={"expires_at": None, "password": None})).json()

        assert (one["has_password"], one["max_downloads"]) == (True, 5)
        assert datetime.fromisoformat(one["expires_at"]) == datetime.fromisoformat(expiry)
        assert (two["has_password"], two["max_downloads"], two["expires_at"]) == (False, 5, None)

    async def test_an_empty_change_changes_nothing(self, register: Register) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Project"), max_downloads=5)

        answer = await ada.http.patch(f"/v1/links/{link['id']}", json={})

        assert answer.json() == {key: link[key] for key in link if key not in ("token", "url")}

    async def test_the_cap_cannot_fall_below_what_was_downloaded(self, register: Register) -> None:
        ada = await register("ada")
        link = await make_link(ada, await upload_file(ada, b"hello"))
        for _ in range(2):
            await ada.http.post(public(link, "/download-url"))

        answer = await ada.http.patch(f"/v1/links/{link['id']}", json={"max_downloads": 1})

        assert code(answer) == "409 below_download_count"
        assert (await ada.http.get(f"/v1/links/{link['id']}")).json()["max_downloads"] is None

    async def test_strangers_see_no_link(self, register: Register) -> None:
        ada, eve = await register("ada"), await register("eve")
        link = await make_link(ada, await make_folder(ada, "Project"))
        url = f"/v1/links/{link['id']}"

        assert code(await eve.http.get(url)) == "404 not_found"
        assert code(await eve.http.patch(url, json={"password": None})) == "404 not_found"
        assert code(await eve.http.delete(url)) == "404 not_found"


class TestRevoke:
    async def test_it_works_at_once_and_for_good(self, register: Register) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Project"))
        url = f"/v1/links/{link['id']}"
        assert (await ada.http.get(public(link))).status_code == 200

        assert (await ada.http.delete(url)).status_code == 204

        assert code(await ada.http.get(public(link))) == "410 link_revoked"
        assert code(await ada.http.patch(url, json={"max_downloads": 9})) == "410 link_revoked"
        assert (await ada.http.get(url)).json()["revoked_at"] is not None
        assert (await ada.http.delete(url)).status_code == 204

    async def test_an_owner_withdraws_what_another_owner_made(
        self, register: Register, verify: Verify
    ) -> None:
        ada, ben = await register("ada"), await register("ben")
        await verify(ben)
        folder = await make_folder(ada, "Project")
        await share(ada, folder, ben.email, "owner")
        link = await make_link(ben, folder)

        assert (await ada.http.delete(f"/v1/links/{link['id']}")).status_code == 204

        assert code(await ben.http.get(public(link))) == "410 link_revoked"


class TestAudit:
    async def test_each_change_leaves_one_event(self, register: Register) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"hello")
        link = await make_link(ada, file, password=PASSWORD)
        url = f"/v1/links/{link['id']}"
        await ada.http.patch(url, json={"password": None})
        await ada.http.post(public(link, "/download-url"))
        await ada.http.delete(url)
        await ada.http.delete(url)

        events = (await ada.http.get(f"{path_of(file)}/activity")).json()["items"]

        told = [one for one in events if one["subject_id"] == link["id"]]
        assert [(one["action"], one["actor"]["kind"]) for one in told] == [
            ("link.revoked", "user"),
            ("link.downloaded", "link"),
            ("link.updated", "user"),
            ("link.created", "user"),
        ]
        assert PASSWORD not in str(events)
        assert link["token"] not in str(events)


async def test_one_person_does_not_keep_all_hashing_threads_busy(
    register: Register, slow_links: str
) -> None:
    ada = await register("ada")
    file = await upload_file(ada, b"hello")
    url = f"{slow_links}/v1/files/{file['id']}/links"

    made = [await ada.http.post(url, json={"password": "violet umbrella"}) for _ in range(3)]

    assert [answer.status_code for answer in made] == [201, 201, 429]
    assert (await ada.http.post(url, json={})).status_code == 201
