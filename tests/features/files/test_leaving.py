"""What happens to files when their owner closes the account."""

from datetime import timedelta

from sqlalchemy import func, select, update

from backend.core.services import Services
from backend.features.finalize.jobs import sweep as sweep_uploads
from backend.features.users.jobs import purge_user
from backend.models import Node, Upload, User
from tests.support.jobs import run_jobs
from tests.support.people import Person, Register
from tests.support.trees import (
    PutFile,
    Share,
    all_pages,
    make_folder,
    usage_of,
)

from .test_downloads import fetch


async def leave(person: Person) -> None:
    answer = await person.http.delete("/v1/users/me")
    assert answer.status_code == 204, answer.text


async def rows_of(services: Services, person: Person) -> int:
    users = select(func.count()).select_from(User).where(User.id == person.id)
    nodes = select(func.count()).select_from(Node).where(Node.space_id == person.id)
    query = select(users.scalar_subquery() + nodes.scalar_subquery())
    return int((await services.database.autocommit.execute(query)).scalar_one())


class TestLeaving:
    async def test_tree_bytes_and_account_go(
        self, register: Register, put_file: PutFile, services: Services
    ):
        ada = await register()
        folder = await make_folder(ada, "A")
        file = await put_file(ada, "a", b"12345", folder_id=folder["id"])
        await ada.http.delete(f"/v1/files/{(await put_file(ada, 'trashed'))['id']}")
        download = (await ada.http.post(f"/v1/files/{file['id']}/download-url")).json()
        await leave(ada)
        await run_jobs(services)
        assert await rows_of(services, ada) == 0
        assert (await fetch(download["url"])).status_code == 404

    async def test_guests_lose_sight_of_what_is_gone(
        self, register: Register, put_file: PutFile, share: Share, services: Services
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await put_file(ada, "a", folder_id=folder["id"])
        await share(folder, bob, "editor")
        await leave(ada)
        await run_jobs(services)
        assert await all_pages(bob, "/v1/files") == []

    async def test_what_they_put_into_others_trees_stays(
        self, register: Register, put_file: PutFile, share: Share, services: Services
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        file = await put_file(bob, "by Bob", size=9, folder_id=folder["id"])
        await leave(bob)
        await run_jobs(services)
        assert await rows_of(services, bob) == 0
        (version,) = await all_pages(ada, f"/v1/files/{file['id']}/versions")
        assert version["created_by"] is None

    async def test_what_their_uploads_reserved_elsewhere_is_free_again(
        self, register: Register, share: Share, services: Services
    ):
        ada, bob = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, bob, "editor")
        body = {"name": "big", "size": 1000, "folder_id": folder["id"]}
        assert (await bob.http.post("/v1/uploads", json=body)).status_code == 201
        await leave(bob)
        await run_jobs(services)
        assert await rows_of(services, bob) == 1
        await sweep_uploads(services)
        assert (await usage_of(ada))["reserved_bytes"] == 0
        # The account's row waits until the bytes of its last upload are surely discarded.
        await services.database.autocommit.execute(
            update(Upload)
            .where(Upload.created_by == bob.id)
            .values(finished_at=func.now() - timedelta(days=1))
        )
        await purge_user(services, user_id=bob.id)
        assert await rows_of(services, bob) == 0

    async def test_purging_again_changes_nothing(self, register: Register, services: Services):
        ada = await register()
        await leave(ada)
        await run_jobs(services)
        await purge_user(services, user_id=ada.id)
        assert await rows_of(services, ada) == 0
