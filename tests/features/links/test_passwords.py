import asyncio
from itertools import count

import httpx
import pytest

from tests.support.people import Person, Register, plain_client
from tests.support.sharing import (
    Json,
    code,
    make_link,
    public,
)
from tests.support.transfer import upload_file
from tests.support.trees import make_folder

PASSWORD = "violet umbrella"
VISITORS = count(1)


async def locked_link(ada: Person) -> Json:
    file = await upload_file(ada, b"hello", "secret plan.txt")
    return await make_link(ada, file, password=PASSWORD, max_downloads=9)


async def unlock(http: httpx.AsyncClient, link: Json, password: str = PASSWORD) -> httpx.Response:
    return await http.post(public(link, "/unlock"), json={"password": password})


async def bearer(http: httpx.AsyncClient, link: Json, password: str = PASSWORD) -> dict[str, str]:
    token = (await unlock(http, link, password)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


class TestLocked:
    async def test_nothing_is_told_but_that_a_password_is_needed(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        link = await locked_link(await register("ada"))

        shown = (await http.get(public(link))).json()

        assert shown.pop("needs_password") is True
        assert set(shown.values()) == {None}

    async def test_nothing_is_listed_or_downloaded(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Project"), password=PASSWORD)

        for answer in (
            await http.get(public(link, "/children")),
            await http.post(public(link, "/download-url")),
            await http.get(public(link, "/children"), headers={"Authorization": "Bearer x.y.z"}),
            await ada.http.get(public(link, "/children")),  # an account's token opens no link
        ):
            assert code(answer) == "401 password_required"


class TestUnlock:
    async def test_the_password_opens_everything(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        link = await locked_link(await register("ada"))

        unlocked = await unlock(http, link)
        headers = {"Authorization": f"Bearer {unlocked.json()['access_token']}"}

        assert unlocked.json()["expires_in"] == 3600
        shown = (await http.get(public(link), headers=headers)).json()
        assert (shown["name"], shown["needs_password"]) == ("secret plan.txt", False)
        download = await http.post(public(link, "/download-url"), headers=headers)
        assert (await http.get(download.json()["url"])).content == b"hello"

    @pytest.mark.parametrize("wrong", ["", "Violet umbrella", "x" * 1024, "violet\x00umbrella"])
    async def test_a_wrong_password_does_not(
        self, register: Register, http: httpx.AsyncClient, wrong: str
    ) -> None:
        link = await locked_link(await register("ada"))

        assert code(await unlock(http, link, wrong)) == "401 wrong_password"

    async def test_a_link_without_a_password_asks_for_none(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await make_link(ada, await make_folder(ada, "Project"))

        assert (await unlock(http, link, "anything")).status_code == 200

    async def test_one_links_token_opens_no_other(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        one, other = await locked_link(ada), await locked_link(ada)

        answer = await http.post(public(other, "/download-url"), headers=await bearer(http, one))

        assert code(answer) == "401 password_required"

    async def test_the_token_opens_nothing_of_the_account(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        link = await locked_link(await register("ada"))

        answer = await http.get("/v1/users/me", headers=await bearer(http, link))

        assert code(answer) == "401 invalid_token"

    async def test_a_changed_password_locks_again(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await locked_link(ada)
        before = await bearer(http, link)

        await ada.http.patch(f"/v1/links/{link['id']}", json={"password": "another umbrella"})

        assert (await http.get(public(link), headers=before)).json()["needs_password"] is True
        assert code(await unlock(http, link)) == "401 wrong_password"
        after = await bearer(http, link, "another umbrella")
        assert (await http.get(public(link), headers=after)).json()["needs_password"] is False

    async def test_a_withdrawn_link_stays_shut_for_who_had_unlocked_it(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link = await locked_link(ada)
        headers = await bearer(http, link)

        await ada.http.delete(f"/v1/links/{link['id']}")

        answer = await http.post(public(link, "/download-url"), headers=headers)
        assert code(answer) == "410 link_revoked"
        assert code(await unlock(http, link)) == "410 link_revoked"


class TestGuessing:
    async def test_one_visitor_runs_out_of_guesses_at_one_link_alone(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        ada = await register("ada")
        link, other = await locked_link(ada), await locked_link(ada)

        answers = [await unlock(http, link, f"guess {number}") for number in range(11)]

        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert (await unlock(http, other)).status_code == 200

    async def test_a_whole_class_behind_one_address_gets_in(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        link = await locked_link(await register("ada"))

        one_by_one = [(await unlock(http, link)).status_code for _ in range(12)]
        answers = await asyncio.gather(*(unlock(http, link) for _ in range(8)))

        assert one_by_one == [200] * 12
        assert [answer.status_code for answer in answers] == [200] * 8

    async def test_guesses_at_the_same_time_do_not_slip_through(
        self, register: Register, http: httpx.AsyncClient
    ) -> None:
        link = await locked_link(await register("ada"))

        answers = await asyncio.gather(*(unlock(http, link, f"guess {n}") for n in range(30)))

        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 20

    async def test_many_guesses_from_everywhere_slow_each_network_and_lock_nobody_out(
        self, register: Register, http: httpx.AsyncClient, slow_links: str
    ) -> None:
        link = await locked_link(await register("ada"))
        url = slow_links + public(link, "/unlock")

        async def attempt(network: int, password: str) -> httpx.Response:
            visitor = {"X-Forwarded-For": f"198.51.100.{network}"}
            return await http.post(url, json={"password": password}, headers=visitor)

        used_up = [(await attempt(number, "wrong")).status_code for number in range(3)]
        slowed = [await attempt(4, "wrong") for _ in range(2)]

        assert used_up == [401] * 3
        assert [answer.status_code for answer in slowed] == [401, 429]
        assert int(slowed[-1].headers["Retry-After"]) > 0
        assert (await attempt(5, PASSWORD)).status_code == 200

    async def test_and_also_when_they_come_at_the_same_time(
        self, register: Register, slow_links: str
    ) -> None:
        link = await locked_link(await register("ada"))

        answers = await from_everywhere(slow_links, link, ["wrong"] * 12, tries=2)

        # Three for all, then one for each network but for one that had two of the three.
        assert 14 <= answers.count(401) <= 15
        assert answers.count(401) + answers.count(429) == 24

    async def test_who_knows_the_password_does_not_clear_the_guesses_of_others(
        self, register: Register, slow_links: str
    ) -> None:
        link = await locked_link(await register("ada"))
        for password in ("wrong", PASSWORD, "wrong", PASSWORD, "wrong", PASSWORD):
            await from_everywhere(slow_links, link, [password])

        assert sorted(await from_everywhere(slow_links, link, ["wrong"], tries=2)) == [401, 429]


async def from_everywhere(api: str, link: Json, passwords: list[str], tries: int = 1) -> list[int]:
    """Try the passwords at the same time, each so often and from a network of its own."""
    async with plain_client(base_url=api, timeout=30) as http:

        async def attempt(password: str, visitor: str) -> int:
            headers, body = {"X-Forwarded-For": visitor}, {"password": password}
            answer = await http.post(public(link, "/unlock"), json=body, headers=headers)
            return answer.status_code

        visits = [(one, f"203.0.113.{next(VISITORS)}") for one in passwords] * tries
        return await asyncio.gather(*(attempt(*visit) for visit in visits))
