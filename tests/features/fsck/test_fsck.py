"""Each test breaks one thing by hand, and everything else must be found in order."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from backend.core.database.rows import only
from backend.core.services import Services
from backend.features.finalize.ending import end
from backend.features.finalize.jobs import sweep
from backend.features.fsck.findings import Finding, Inspection
from backend.features.fsck.service import fsck
from backend.features.uploads import queries
from backend.kit.vocabulary import UploadState
from backend.models import (
    FileVersion,
    Node,
    Space,
    Upload,
    UploadRow,
)
from backend.rules.actor import SYSTEM
from tests.support.jobs import run_jobs
from tests.support.people import Person, Register
from tests.support.transfer import (
    Json,
    begin,
    complete,
    send,
    send_parts,
    upload_file,
    usage,
)
from tests.support.trees import make_folder, root_of

HELLO = b"hello, world"
NOW = timedelta(0)


async def found(
    services: Services, *, repair: bool = False, older_than: timedelta = NOW
) -> list[Finding]:
    inspection = Inspection(services, older_than, repair)
    return [finding async for finding in fsck(inspection)]


def kinds(findings: Iterable[Finding]) -> list[str]:
    return [str(finding.kind) for finding in findings]


async def repaired(services: Services) -> list[str]:
    """Repair what there is, see that nothing is left, and tell what was repaired."""
    mended = await found(services, repair=True)
    assert all(finding.repaired for finding in mended)
    assert await found(services) == []
    return kinds(mended)


async def repairs(person: Person, feed: str) -> list[Json]:
    """What the audit trail tells them of repairs."""
    events = (await person.http.get(feed)).raise_for_status().json()["items"]
    return [event for event in events if event["action"].endswith(("_repaired", "_recounted"))]


async def change(services: Services, table: Any, row_id: str, **values: object) -> None:
    statement = update(table).where(table.id == UUID(row_id)).values(values)
    await services.database.autocommit.execute(statement)


async def key_of(services: Services, upload: Json) -> str:
    query = queries.uploads(Upload.id == UUID(upload["id"]))
    return (await only(services.database.autocommit, UploadRow, query)).object_key


def some_key() -> str:
    return f"objects/20261121/{uuid4()}"


async def expire(services: Services, upload: Json) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    await change(services, Upload, upload["id"], heal_at=past, expires_at=past)
    await sweep(services)
    await run_jobs(services)


@pytest.fixture
async def ada(register: Register) -> Person:
    return await register("ada")


class TestInOrder:
    async def test_files_copies_versions_and_open_uploads(
        self, services: Services, ada: Person
    ) -> None:
        folder = await make_folder(ada, "Letters")
        file = await upload_file(ada, HELLO, folder_id=folder["id"])
        await upload_file(ada, b"hello again", file_id=file["id"])
        copied = await ada.http.post(f"/v1/files/{file['id']}/copy", json={})
        assert copied.status_code == 201
        sent = await begin(ada, HELLO, "sent.txt")
        await send(sent["request"], HELLO)
        posted = await begin(ada, HELLO, "posted.txt", method="post")
        await send(posted["request"], HELLO)
        parts = await begin(ada, HELLO, "parts.txt", method="multipart")
        await send_parts(parts, HELLO)
        trashed = await upload_file(ada, b"old news", "old.txt")
        await ada.http.delete(f"/v1/files/{trashed['id']}")

        assert await found(services) == []


class TestObjects:
    async def test_that_land_after_their_upload_expired_are_deleted(
        self, services: Services, ada: Person
    ) -> None:
        upload = await begin(ada, HELLO)
        await expire(services, upload)
        assert (await send(upload["request"], HELLO)).status_code == 200

        [orphan] = await found(services)
        assert (orphan.kind, orphan.subject) == ("orphan_object", await key_of(services, upload))
        assert await found(services, older_than=timedelta(hours=1)) == []
        assert await repaired(services) == ["orphan_object"]
        assert await services.storage.head(orphan.subject) is None

    async def test_posted_again_after_the_upload_completed_are_deleted(
        self, services: Services, ada: Person
    ) -> None:
        upload = await begin(ada, HELLO, method="post")
        await send(upload["request"], HELLO)
        await complete(ada, upload)
        await run_jobs(services)
        await send(upload["request"], HELLO)

        [orphan] = await found(services)
        assert orphan.subject == await key_of(services, upload) + ".incoming"
        assert await repaired(services) == ["orphan_object"]

    async def test_are_counted_together_with_multipart_uploads_before_any_is_deleted(
        self, services: Services, ada: Person
    ) -> None:
        """Here they are more than one in ten: up to ten are deleted, and of eleven none."""
        orphans = {await self.orphan(services, ada) for _ in range(9)}
        for _ in range(2):
            await services.storage.create_multipart(some_key(), content_type="text/plain")

        spared = await found(services, repair=True)

        assert sorted(kinds(spared)) == ["abandoned_multipart"] * 2 + ["orphan_object"] * 9
        assert not any(finding.repaired for finding in spared)
        await services.storage.delete([orphans.pop()])
        assert len(await repaired(services)) == 10

    async def test_may_be_many_among_many(self, services: Services, ada: Person) -> None:
        for number in range(100):
            await upload_file(ada, HELLO, f"{number}.txt")
        for _ in range(11):
            await self.orphan(services, ada)

        assert await repaired(services) == ["orphan_object"] * 11

    async def orphan(self, services: Services, person: Person) -> str:
        upload = await begin(person, HELLO)
        await expire(services, upload)
        await send(upload["request"], HELLO)
        return await key_of(services, upload)

    async def test_that_are_gone_are_reported(self, services: Services, ada: Person) -> None:
        file = await upload_file(ada, HELLO)
        key = await self.object_of(services, file)
        await services.storage.delete([key])

        for repair in (False, True):
            [missing] = await found(services, repair=repair)
            assert (missing.kind, missing.subject) == ("missing_object", key)
            assert not missing.repaired
        await self.forget(ada, services, file)

    async def test_of_another_size_are_reported(self, services: Services, ada: Person) -> None:
        file = await upload_file(ada, HELLO)
        smaller = {"size": FileVersion.size - 1}
        await services.database.autocommit.execute(
            update(FileVersion).where(FileVersion.node_id == UUID(file["id"])).values(smaller)
        )
        await change(services, Node, file["id"], size=Node.size - 1)
        await change(services, Space, ada.id, used_bytes=Space.used_bytes - 1)

        [wrong] = await found(services)

        assert (wrong.kind, wrong.detail) == ("wrong_size", "12 bytes stored, 11 noted")
        await self.forget(ada, services, file)

    async def object_of(self, services: Services, file: Json) -> str:
        query = FileVersion.__table__.select().where(FileVersion.node_id == UUID(file["id"]))
        key: str = (await services.database.autocommit.execute(query)).one().object_key
        return key

    async def forget(self, person: Person, services: Services, file: Json) -> None:
        await person.http.delete(f"/v1/files/{file['id']}")
        await person.http.delete(f"/v1/trash/{file['id']}")
        await run_jobs(services)
        assert await found(services) == []


class TestUploads:
    async def test_a_multipart_upload_nobody_owns_is_aborted(
        self, services: Services, ada: Person
    ) -> None:
        owned = await begin(ada, HELLO, method="multipart")
        key = some_key()
        await services.storage.create_multipart(key, content_type="text/plain")

        [abandoned] = await found(services)
        assert abandoned.kind == "abandoned_multipart"
        assert abandoned.subject.startswith(key)
        assert await found(services, older_than=timedelta(hours=1)) == []
        assert await repaired(services) == ["abandoned_multipart"]
        assert (await send_parts(owned, HELLO))[0]["part_number"] == 1

    async def test_one_that_never_ends_is_reported(self, services: Services, ada: Person) -> None:
        upload = await begin(ada, HELLO)
        past = datetime.now(UTC) - timedelta(days=2)
        await change(services, Upload, upload["id"], expires_at=past)

        [stuck] = await found(services, older_than=timedelta(hours=24))

        assert (stuck.kind, stuck.subject) == ("stuck_upload", upload["id"])
        await expire(services, upload)


class TestQuota:
    async def test_counters_that_do_not_add_up_are_recounted(
        self, services: Services, ada: Person
    ) -> None:
        await upload_file(ada, HELLO)
        await begin(ada, b"to come", "later.txt")
        await change(services, Space, ada.id, used_bytes=5, reserved_bytes=0)

        findings = await found(services)

        assert [(finding.subject, finding.detail) for finding in findings] == [
            (ada.id, "5 bytes noted, 12 counted"),
            (ada.id, "0 bytes noted, 7 counted"),
        ]
        assert await repaired(services) == ["used_bytes", "reserved_bytes"]
        counted = await usage(ada)
        assert (counted["used_bytes"], counted["reserved_bytes"]) == (12, 7)
        [event] = await repairs(ada, "/v1/users/me/activity")
        assert (event["action"], event["actor"]["kind"]) == ("user.usage_recounted", "system")
        assert event["data"] == {
            "used_bytes": 12,
            "reserved_bytes": 7,
            "old_used_bytes": 5,
            "old_reserved_bytes": 0,
        }

    async def test_what_adds_up_is_not_said_to_be_recounted(
        self, services: Services, ada: Person
    ) -> None:
        await upload_file(ada, HELLO)

        assert await repaired(services) == []
        assert await repairs(ada, "/v1/users/me/activity") == []


class TestTree:
    async def test_broken_paths_are_rebuilt_from_the_root(
        self, services: Services, ada: Person
    ) -> None:
        outer = await make_folder(ada, "outer")
        inner = await make_folder(ada, "inner", outer)
        file = await upload_file(ada, HELLO, folder_id=inner["id"])
        await change(services, Node, outer["id"], path=[uuid4()])
        await change(services, Node, file["id"], path=[uuid4()])

        # What is below a broken path is judged by it, and so found, too.
        assert kinds(await found(services)) == ["path", "path", "path"]
        mended = await found(services, repair=True)
        assert {item.subject for item in mended if item.repaired} == {outer["id"], file["id"]}
        assert await found(services) == []
        [event] = await repairs(ada, f"/v1/files/{file['id']}/activity")
        assert (event["action"], event["actor"]["kind"]) == ("file.path_repaired", "system")
        assert event["data"] == {"name": file["name"], "folder_id": inner["id"]}

    async def test_a_live_node_in_a_trashed_folder_is_reported(
        self, services: Services, ada: Person
    ) -> None:
        folder = await make_folder(ada, "old")
        inner = await make_folder(ada, "inner", folder)
        await ada.http.delete(f"/v1/folders/{folder['id']}")
        await change(services, Node, inner["id"], trashed_at=None, trash_root_id=None)

        [live] = await found(services, repair=True)

        assert (live.kind, live.subject, live.repaired) == ("trash", inner["id"], False)
        await ada.http.delete(f"/v1/trash/{folder['id']}")

    async def test_another_files_version_is_reported(self, services: Services, ada: Person) -> None:
        mine = await upload_file(ada, HELLO, "mine.txt")
        other = await upload_file(ada, HELLO, "other.txt")
        query = Node.__table__.select().where(Node.id == UUID(mine["id"]))
        own = (await services.database.autocommit.execute(query)).one().current_version_id
        query = Node.__table__.select().where(Node.id == UUID(other["id"]))
        theirs = (await services.database.autocommit.execute(query)).one().current_version_id
        await change(services, Node, mine["id"], current_version_id=theirs)

        [wrong] = await found(services, repair=True)

        assert (wrong.kind, wrong.subject) == ("current_version", mine["id"])
        await change(services, Node, mine["id"], current_version_id=own)

    async def test_a_node_of_somebody_elses_tree_is_reported(
        self, services: Services, ada: Person, register: Register
    ) -> None:
        bob = await register("bob")
        folder = await make_folder(bob, "mine now")
        bobs_path = [UUID((await root_of(bob))["id"])]
        await change(services, Node, folder["id"], space_id=UUID(ada.id))

        [wrong] = await found(services)

        assert (wrong.kind, wrong.subject) == ("owner", folder["id"])
        await change(services, Node, folder["id"], space_id=UUID(bob.id), path=bobs_path)


async def test_a_settlement_under_way_is_not_taken_for_a_fault(
    services: Services, ada: Person
) -> None:
    """An ending that has not committed yet counts as before it, in every sum."""
    upload = await begin(ada, HELLO)
    query = queries.uploads(Upload.id == UUID(upload["id"]))
    async with services.database.transaction() as tx:
        row = await only(tx, UploadRow, query)
        await end(tx, services.settings.upload, SYSTEM, row, UploadState.ABORTED)

        assert await found(services) == []
