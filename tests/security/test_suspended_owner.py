"""The files of a suspended account: readable to people they were shared with, and frozen."""

import pytest

from backend.core.services import Services
from tests.security.scenes import set_user
from tests.support.people import Person, Register, plain_client
from tests.support.sharing import code, make_link, path_of, public, share
from tests.support.transfer import begin, complete, send
from tests.support.trees import Json, PutFile, Share, make_folder


class Suspended:
    """A folder of somebody suspended, with a file in it and people around it."""

    def __init__(self, ada: Person, folder: Json, file: Json, people: dict[str, Person]) -> None:
        self.ada, self.folder, self.file, self.people = ada, folder, file, people


@pytest.fixture
async def before(register: Register, put_file: PutFile, share: Share) -> Suspended:
    ada = await register("ada")
    folder = await make_folder(ada, "Plans")
    file = await put_file(ada, "a.txt", b"hello", folder_id=folder["id"])
    people = {role: await register(role) for role in ("viewer", "editor", "owner")}
    for role, person in people.items():
        await share(folder, person, role)
    return Suspended(ada, folder, file, people)


async def link_answer(owner: Person, link: Json) -> int:
    async with plain_client(base_url=owner.url) as visitor:
        return (await visitor.get(public(link))).status_code


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
async def test_people_read_on_and_are_told_that_they_are_viewers(
    before: Suspended, services: Services, role: str
) -> None:
    await set_user(services, before.ada, is_active=False)

    person = before.people[role].http
    seen = await person.get(path_of(before.file))
    download = await person.post(f"{path_of(before.file)}/download-url", json={})

    assert (seen.status_code, seen.json()["role"]) == (200, "viewer")
    assert download.status_code == 200


@pytest.mark.parametrize("role", ["editor", "owner"])
async def test_nobody_changes_anything(before: Suspended, services: Services, role: str) -> None:
    await set_user(services, before.ada, is_active=False)

    person, folder, file = before.people[role], before.folder, before.file
    into = {"folder_id": folder["id"]}
    answers = [
        await person.http.patch(path_of(file), json={"name": "mine"}),
        await person.http.delete(path_of(file)),
        await person.http.post("/v1/folders", json={"name": "new", **into}),
        await person.http.post("/v1/uploads", json={"name": "new", "size": 5, **into}),
        await person.http.post(f"{path_of(file)}/copy", json=into),
        await person.http.post(f"{path_of(folder)}/links", json={}),
        await share(person, folder, "guest@example.com"),
    ]

    assert {code(it) for it in answers} == {"403 role_required"}


async def test_an_upload_begun_before_is_not_completed(
    before: Suspended, services: Services
) -> None:
    editor = before.people["editor"]
    upload = await begin(editor, b"hello", folder_id=before.folder["id"])
    await send(upload["request"], b"hello")
    await set_user(services, before.ada, is_active=False)

    assert code(await complete(editor, upload)) == "409 target_gone"


@pytest.mark.parametrize("by", ["ada", "owner"])
async def test_links_open_nothing_until_the_account_is_active_again(
    before: Suspended, services: Services, by: str
) -> None:
    creator = before.people.get(by, before.ada)
    link = await make_link(creator, before.folder)

    await set_user(services, before.ada, is_active=False)
    assert await link_answer(before.ada, link) == 404
    await set_user(services, before.ada, is_active=True)

    assert await link_answer(before.ada, link) == 200
