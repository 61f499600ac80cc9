"""The file and the space of an event, and events that lack them: older ones."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.core.services import Services
from backend.kit.events import LinkRevoked, NodeRenamed
from backend.kit.ids import uuid7
from backend.kit.vocabulary import NodeKind
from backend.rules import events
from backend.rules.actor import SYSTEM
from tests.support.people import Person, Register
from tests.support.transfer import upload_file
from tests.support.trees import make_folder

Json = dict[str, Any]

BY_THE_PREVIOUS_RELEASE = """
    INSERT INTO events (id, actor_kind, actor_id, action, subject_kind, subject_id, ip, request_id,
                        data)
    VALUES ($1, 'user', $2, 'user.changed', 'user', $2, '127.0.0.1', 'abc', '{}')
    RETURNING transaction_id, pg_current_xact_id()::text::bigint AS current
"""
BEFORE_THE_COLUMNS = """
    INSERT INTO events (id, transaction_id, actor_kind, actor_id, action, subject_kind, subject_id,
                        data)
    VALUES ($1, NULL, 'user', $2, 'user.changed', 'user', $2, '{}')
"""


async def about(admin: Person, subject_id: UUID | str) -> list[Json]:
    found = await admin.http.get("/v1/admin/events", params={"subject_id": str(subject_id)})
    assert found.status_code == 200, found.text
    items: list[Json] = found.json()["items"]
    return items


def place(event: Json) -> tuple[str | None, str | None]:
    return event["node_id"], event["space_id"]


async def run(services: Services, statement: str, *values: Any) -> Any:
    connection = await services.database.connect()
    try:
        return await connection.fetchrow(statement, *values)
    finally:
        await connection.close()


class TestPlace:
    async def test_of_a_file_is_itself_and_its_space(
        self, admin: Person, register: Register
    ) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"content")
        await ada.http.patch(f"/v1/files/{file['id']}", json={"name": "better.txt"})

        renamed, uploaded = await about(admin, file["id"])

        assert (renamed["action"], *place(renamed)) == ("file.renamed", file["id"], ada.id)
        assert (uploaded["action"], *place(uploaded)) == ("file.uploaded", file["id"], ada.id)

    async def test_of_an_account_is_none(self, admin: Person, register: Register) -> None:
        ada = await register("ada")

        (registered,) = await about(admin, ada.id)

        assert place(registered) == (None, None)

    async def test_space_is_looked_up_by_the_node(
        self, admin: Person, register: Register, services: Services
    ) -> None:
        ada = await register("ada")
        folder = await make_folder(ada, "plans")
        subject_id, node_id = uuid7(), UUID(folder["id"])

        async with services.database.transaction() as tx:
            await events.record(
                tx, SYSTEM, subject_id, LinkRevoked(node_id=node_id), node_id=node_id
            )

        (event,) = await about(admin, subject_id)
        assert place(event) == (folder["id"], ada.id)

    async def test_space_is_the_one_given_when_the_node_is_gone(
        self, admin: Person, services: Services
    ) -> None:
        gone, space_id = uuid7(), uuid4()
        entry = NodeRenamed(kind=NodeKind.FILE, name="b.txt", old_name="a.txt")

        async with services.database.transaction() as tx:
            await events.record(tx, SYSTEM, gone, entry, node_id=gone, space_id=space_id)

        (event,) = await about(admin, gone)
        assert place(event) == (str(gone), str(space_id))


class TestWithoutTheColumns:
    async def test_the_previous_release_still_records(
        self, admin: Person, register: Register, services: Services
    ) -> None:
        ada = await register("ada")

        row = await run(services, BY_THE_PREVIOUS_RELEASE, uuid7(), UUID(ada.id))

        assert row["transaction_id"] == row["current"]
        newest, _ = await about(admin, ada.id)
        assert (newest["action"], *place(newest)) == ("user.changed", None, None)

    @pytest.mark.parametrize("feed", ["/v1/admin/events", "/v1/users/me/activity"])
    async def test_older_events_are_listed(
        self, admin: Person, services: Services, feed: str
    ) -> None:
        older = uuid7()
        await run(services, BEFORE_THE_COLUMNS, older, UUID(admin.id))

        found = await admin.http.get(feed, params={"limit": 5})

        assert str(older) in [event["id"] for event in found.json()["items"]]
