"""A team's tree works as a person's does, and the team pays."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, update

from backend.core.services import Services
from backend.features.finalize.jobs import sweep as sweep_uploads
from backend.features.fsck.findings import Inspection
from backend.features.fsck.quota import check_quota
from backend.features.tree.jobs import sweep_trash
from backend.models import Node, Space, Upload
from tests.support.jobs import run_jobs
from tests.support.people import Person, Register
from tests.support.spaces import make_team_space
from tests.support.transfer import begin, complete, send, upload_file
from tests.support.trees import (
    Json,
    all_pages,
    listed,
    make_folder,
    names_in,
    problem,
    root_of,
    usage_of,
)

HELLO = b"hello"
DAY = timedelta(days=1)


@pytest.fixture
async def ada(register: Register) -> Person:
    return await register("ada")


@pytest.fixture
async def bob(register: Register) -> Person:
    return await register("bob")


@pytest.fixture
async def team(services: Services, ada: Person, bob: Person) -> Json:
    """Ada owns it, Bob edits in it."""
    return await make_team_space(services, owner=ada, editor=bob)


def root(team: Json) -> Json:
    return {"id": team["root_id"]}


async def counted(person: Person, team: Json) -> tuple[int, int]:
    """What the team uses and has reserved."""
    space = (await person.http.get(f"/v1/spaces/{team['id']}")).json()
    return space["used_bytes"], space["reserved_bytes"]


class TestUploading:
    async def test_the_team_pays(self, bob: Person, team: Json) -> None:
        upload = await begin(bob, HELLO, folder_id=team["root_id"])
        assert await counted(bob, team) == (0, len(HELLO))

        await send(upload["request"], HELLO)
        file = (await complete(bob, upload)).json()["file"]

        assert (file["space_id"], file["owner_id"]) == (team["id"], None)
        assert await counted(bob, team) == (len(HELLO), 0)
        usage = await usage_of(bob)
        assert (usage["used_bytes"], usage["reserved_bytes"]) == (0, 0)

    async def test_no_further_than_the_teams_quota(
        self, bob: Person, team: Json, services: Services
    ) -> None:
        small = update(Space).where(Space.id == UUID(team["id"])).values(quota_bytes=4)
        await services.database.autocommit.execute(small)

        body = {"name": "a.txt", "size": 5, "folder_id": team["root_id"]}
        answer = await bob.http.post("/v1/uploads", json=body)

        assert problem(answer) == (409, "quota_exceeded")

    async def test_an_abandoned_one_gives_the_team_its_bytes_back(
        self, bob: Person, team: Json
    ) -> None:
        upload = await begin(bob, HELLO, folder_id=team["root_id"])

        await bob.http.delete(f"/v1/uploads/{upload['id']}")

        assert await counted(bob, team) == (0, 0)

    async def test_by_nobody_ends_without_a_file_and_frees_its_bytes(
        self, ada: Person, bob: Person, team: Json, services: Services
    ) -> None:
        """Who lets others in without an account decides what becomes of what they send."""
        upload = await begin(bob, HELLO, folder_id=team["root_id"])
        await send(upload["request"], HELLO)
        nobodys = update(Upload).where(Upload.id == UUID(upload["id"]))
        await services.database.autocommit.execute(
            nobodys.values(created_by=None, heal_at=func.now())
        )
        assert (await complete(bob, upload)).status_code == 404

        await sweep_uploads(services)

        assert await counted(ada, team) == (0, 0)
        assert await listed(ada, root(team)) == []


class TestTree:
    async def test_everyone_in_it_sees_the_same(self, ada: Person, bob: Person, team: Json) -> None:
        folder = await make_folder(bob, "Invoices", root(team))
        await upload_file(bob, HELLO, "a.txt", folder_id=folder["id"])

        assert await names_in(ada, root(team)) == ["Invoices"]
        assert await names_in(ada, folder) == ["a.txt"]
        (seen,) = await listed(ada, root(team))
        assert (seen["space_id"], seen["owner_id"], seen["role"]) == (team["id"], None, "owner")

    async def test_others_see_nothing(self, register: Register, bob: Person, team: Json) -> None:
        eve = await register("eve")
        file = await upload_file(bob, HELLO, "secret.txt", folder_id=team["root_id"])

        for path in (f"/v1/files/{file['id']}", f"/v1/folders/{team['root_id']}/children"):
            assert problem(await eve.http.get(path)) == (404, "not_found")
        assert await all_pages(eve, "/v1/files", q="secret") == []
        body = {"name": "a.txt", "size": 5, "folder_id": team["root_id"]}
        assert problem(await eve.http.post("/v1/uploads", json=body)) == (404, "not_found")

    async def test_is_searched(self, ada: Person, bob: Person, team: Json) -> None:
        await upload_file(bob, HELLO, "minutes.txt", folder_id=team["root_id"])

        assert [file["name"] for file in await all_pages(ada, "/v1/files", q="minutes")] == [
            "minutes.txt"
        ]

    async def test_a_copy_into_it_is_the_teams(self, bob: Person, team: Json) -> None:
        own = await upload_file(bob, HELLO)

        body = {"folder_id": team["root_id"]}
        copy = (await bob.http.post(f"/v1/files/{own['id']}/copy", json=body)).json()

        assert copy["space_id"] == team["id"]
        assert await counted(bob, team) == (len(HELLO), 0)
        assert (await usage_of(bob))["used_bytes"] == len(HELLO)

    async def test_nothing_moves_out_of_it_yet(self, ada: Person, team: Json) -> None:
        folder = await make_folder(ada, "Invoices", root(team))

        body = {"folder_id": (await root_of(ada))["id"]}
        answer = await ada.http.patch(f"/v1/folders/{folder['id']}", json=body)

        assert answer.status_code == 409


class TestTrash:
    async def test_is_everybodys_who_may_edit(self, ada: Person, bob: Person, team: Json) -> None:
        file = await upload_file(bob, HELLO, folder_id=team["root_id"])
        await bob.http.delete(f"/v1/files/{file['id']}")

        for person in (ada, bob):
            (entry,) = await all_pages(person, "/v1/trash")
            assert (entry["id"], entry["owner_id"]) == (file["id"], None)
        restored = await ada.http.post(f"/v1/trash/{file['id']}/restore")

        assert restored.json()["folder_id"] == team["root_id"]

    async def test_what_is_deleted_for_good_is_the_teams_again(
        self, ada: Person, bob: Person, team: Json
    ) -> None:
        file = await upload_file(bob, HELLO, folder_id=team["root_id"])
        await bob.http.delete(f"/v1/files/{file['id']}")
        assert (await bob.http.delete(f"/v1/trash/{file['id']}")).status_code == 403

        assert (await ada.http.delete(f"/v1/trash/{file['id']}")).status_code == 204

        assert await counted(ada, team) == (0, 0)

    async def test_of_a_person_is_not_the_teams(self, ada: Person, team: Json) -> None:
        file = await upload_file(ada, HELLO, folder_id=team["root_id"])
        await ada.http.delete(f"/v1/files/{file['id']}")

        await ada.http.delete("/v1/trash")

        assert [entry["id"] for entry in await all_pages(ada, "/v1/trash")] == [file["id"]]

    async def test_is_swept_when_its_time_is_over(
        self, ada: Person, team: Json, services: Services
    ) -> None:
        file = await upload_file(ada, HELLO, folder_id=team["root_id"])
        await ada.http.delete(f"/v1/files/{file['id']}")
        long_ago = update(Node).where(Node.id == UUID(file["id"]))
        await services.database.autocommit.execute(
            long_ago.values(trashed_at=func.now() - (services.settings.trash_days + 1) * DAY)
        )

        await sweep_trash(services)

        assert await all_pages(ada, "/v1/trash") == []
        assert await counted(ada, team) == (0, 0)


class TestFsck:
    async def test_adds_a_teams_space_up(self, ada: Person, team: Json, services: Services) -> None:
        await upload_file(ada, HELLO, folder_id=team["root_id"])
        wrong = update(Space).where(Space.id == UUID(team["id"])).values(used_bytes=1)
        await services.database.autocommit.execute(wrong)

        inspection = Inspection(services, older_than=DAY, repair=True)
        found = [f.detail async for f in check_quota(inspection) if f.subject == team["id"]]

        assert found == ["1 bytes recorded, 5 counted"]
        assert await counted(ada, team) == (len(HELLO), 0)


class TestLeaving:
    async def test_leaves_the_team_its_files(
        self, ada: Person, bob: Person, team: Json, services: Services
    ) -> None:
        await upload_file(bob, HELLO, "a.txt", folder_id=team["root_id"])

        assert (await bob.http.delete("/v1/users/me")).status_code == 204
        await run_jobs(services)

        assert await names_in(ada, root(team)) == ["a.txt"]
        assert await counted(ada, team) == (len(HELLO), 0)
