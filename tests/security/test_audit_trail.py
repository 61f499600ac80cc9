"""Covering one's tracks: every change leaves one event, in its transaction, that stays as it is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from backend.core.database.rows import only
from backend.core.services import Services
from backend.features.finalize.jobs import heal
from backend.features.uploads import queries
from backend.models import Event, Upload, UploadRow
from tests.security.matrix import BODIES, ROWS, Row
from tests.security.scenes import Cast, Scene
from tests.security.test_permission_matrix import needed_scopes
from tests.support.jobs import run_jobs
from tests.support.people import Register, sign_in
from tests.support.sharing import make_link
from tests.support.transfer import begin
from tests.support.trees import make_folder

Json = dict[str, Any]

ACTIONS = {
    "POST /v1/auth/register": "user.registered",
    "POST /v1/auth/token": "session.created",
    "POST /v1/auth/logout": "session.revoked",
    "DELETE /v1/auth/sessions/{session_id}": "session.revoked",
    "POST /v1/auth/password/change": "user.password_changed",
    "PATCH /v1/users/me": "user.changed",
    "DELETE /v1/users/me": "user.deleted",
    "POST /v1/api-keys": "api_key.created",
    "DELETE /v1/api-keys/{key_id}": "api_key.revoked",
    "POST /v1/folders": "folder.created",
    "PATCH /v1/folders/{folder_id}": "folder.renamed",
    "DELETE /v1/folders/{folder_id}": "folder.trashed",
    "PATCH /v1/files/{file_id}": "file.renamed",
    "DELETE /v1/files/{file_id}": "file.trashed",
    "POST /v1/files/{file_id}/copy": "file.copied",
    "POST /v1/files/{file_id}/versions/{version_id}/restore": "file.version_restored",
    "DELETE /v1/files/{file_id}/versions/{version_id}": "file.version_deleted",
    "POST /v1/trash/{node_id}/restore": "file.restored",
    "DELETE /v1/trash/{node_id}": "file.deleted",
    "DELETE /v1/trash": "user.trash_emptied",
    "POST /v1/uploads": "upload.begun",
    "POST /v1/uploads/{upload_id}/complete": "file.uploaded",
    "DELETE /v1/uploads/{upload_id}": "upload.aborted",
    "POST /v1/files/{file_id}/shares": "share.created",
    "POST /v1/folders/{folder_id}/shares": "share.created",
    "PATCH /v1/shares/{share_id}": "share.updated",
    "DELETE /v1/shares/{share_id}": "share.removed",
    "POST /v1/files/{file_id}/links": "link.created",
    "POST /v1/folders/{folder_id}/links": "link.created",
    "PATCH /v1/links/{link_id}": "link.updated",
    "DELETE /v1/links/{link_id}": "link.revoked",
    "POST /v1/public/links/{token}/download-url": "link.downloaded",
    "PATCH /v1/admin/users/{user_id}": "user.administered",
}
# Whoever loses their credentials also finds an event of each of them.
ENDED_ALONG = {
    "POST /v1/auth/password/change": {"session.revoked"},
    "DELETE /v1/users/me": {"session.revoked", "api_key.revoked"},
}
# These change neither data nor rights: they sign, look, or ask for a mail.
SILENT = {
    "POST /v1/auth/refresh",
    "POST /v1/auth/password/forgot",
    "POST /v1/files/{file_id}/download-url",
    "POST /v1/download-urls",
    "POST /v1/uploads/{upload_id}/parts",
    "POST /v1/public/links/{token}/unlock",
}
# These need a token from a mail, which `tests/features/auth/test_traces.py` has.
BY_MAIL = {"POST /v1/auth/password/reset", "POST /v1/auth/email/verify"}
CHANGING = [row for row in ROWS if row.method != "GET"]


async def events_of(services: Services, request_id: str) -> list[Any]:
    query = select(Event.__table__).where(Event.request_id == request_id).order_by(Event.id)
    return list(await services.database.autocommit.execute(query))


def test_every_operation_that_changes_something_is_looked_at() -> None:
    told = ACTIONS.keys() | SILENT | BY_MAIL
    changing = {row.operation for row in CHANGING}

    assert changing - told == set(), "say which event it records: ACTIONS in this file"
    assert told - changing == set(), "gone: take it out of ACTIONS, SILENT or BY_MAIL"


@pytest.mark.parametrize(
    "row", [row for row in CHANGING if row.operation not in BY_MAIL], ids=lambda row: row.operation
)
class TestEveryChange:
    async def test_leaves_one_event_that_says_who_what_and_whence(
        self, cast: Cast, row: Row
    ) -> None:
        caller, body = row.actor, BODIES.get(row.operation)
        async with cast.stand_in(caller):
            scene = Scene(cast)
            if row.operation == "DELETE /v1/trash":
                await scene.get("trashed_id")
            await scene.prepare(row.address, body)
            person = cast.people.get(caller)
            answer = await scene.call(caller, row.method, row.address, body, needed_scopes(row))

        assert answer.status_code < 400, answer.text
        events = await events_of(cast.services, answer.headers["X-Request-ID"])
        main = [event for event in events if event.action == ACTIONS.get(row.operation)]
        assert len(main) == (row.operation in ACTIONS)
        along = ENDED_ALONG.get(row.operation, set())
        assert all(event.action in along for event in events if event not in main)
        for event in main:
            assert event.ip == "127.0.0.1"
            if person is not None and row.operation != "POST /v1/auth/register":
                assert event.actor_id == UUID(person.id)


class TestWhatIsRefused:
    async def test_leaves_no_event(self, cast: Cast) -> None:
        scene = Scene(cast)
        await scene.prepare("{file_id}{folder_id}", None)

        for caller in ("nobody", "stranger", "viewer", "key"):
            answer = await scene.call(
                caller, "PATCH", "/v1/files/{file_id}", {"name": "mine"}, ["files:write"]
            )
            assert answer.status_code >= 400
            assert await events_of(cast.services, answer.headers["X-Request-ID"]) == []

    async def test_after_the_change_takes_the_event_back(self, cast: Cast) -> None:
        """A rename is written before its name turns out to be taken."""
        scene = Scene(cast)
        await scene.prepare("{file_id}{trashed_id}", None)
        folder_id = await scene.get("folder_id")
        other = await cast.put_file(scene.owner, "other.txt", folder_id=folder_id)

        answer = await scene.owner.http.patch(
            f"/v1/files/{other['id']}", json={"name": "NOTES.txt"}
        )

        assert answer.status_code == 409
        assert await events_of(cast.services, answer.headers["X-Request-ID"]) == []


class TestTheTrail:
    @pytest.mark.parametrize("statement", [update(Event).values(action="x"), delete(Event)])
    async def test_cannot_be_changed_in_the_database(
        self, register: Register, services: Services, statement: Any
    ) -> None:
        ada = await register()

        with pytest.raises(DBAPIError, match="append-only"):
            async with services.database.transaction() as tx:
                await tx.execute(statement.where(Event.subject_id == UUID(ada.id)))

    async def test_cannot_be_emptied_in_the_database(self, services: Services) -> None:
        connection = await services.database.connect()
        try:
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await connection.execute("TRUNCATE events")
        finally:
            await connection.close()

    async def test_cannot_be_changed_through_the_api(self, cast: Cast) -> None:
        admin = cast.people["admin"].http
        event = (await admin.get("/v1/admin/events?limit=1")).json()["items"][0]
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("/v1/admin/events", f"/v1/admin/events/{event['id']}"):
                assert (await admin.request(method, path)).status_code in {404, 405}

    async def test_outlives_the_account_it_tells_of(self, register: Register, cast: Cast) -> None:
        ada = await register()
        await ada.http.delete("/v1/users/me")

        found = await listed(cast, subject_id=ada.id)

        assert [event["action"] for event in found] == ["user.deleted", "user.registered"]


async def listed(cast: Cast, **wanted: str) -> list[Json]:
    answer = await cast.people["admin"].http.get("/v1/admin/events", params=wanted)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


class TestClosingAnAccount:
    async def test_tells_of_everything_that_ends_with_it(
        self, register: Register, cast: Cast
    ) -> None:
        ada = await register()
        await sign_in(ada.http, ada.email)
        body = {"name": "Backup", "scopes": ["files:read"]}
        key = (await ada.http.post("/v1/api-keys", json=body)).json()
        folder = await make_folder(ada, "Holiday")
        link, withdrawn = await make_link(ada, folder), await make_link(ada, folder)
        await ada.http.delete(f"/v1/links/{withdrawn['id']}")

        left = await ada.http.delete("/v1/users/me")

        events = [
            event
            for event in await listed(cast, actor_id=ada.id)
            if event["request_id"] == left.headers["X-Request-ID"]
        ]
        sessions = [event["data"] for event in events if event["action"] == "session.revoked"]
        assert sessions == [{"reason": "account_closed", "user_id": ada.id}] * 2
        others = {(event["action"], event["subject_id"]): event["data"] for event in events}
        assert others["api_key.revoked", key["id"]] == {"name": "Backup"}
        assert others["link.revoked", link["id"]] == {"node_id": folder["id"], "ended_with": None}
        assert others["user.deleted", ada.id] == {}
        assert len(events) == 5

    async def test_tells_of_the_uploads_that_the_worker_ends(
        self, register: Register, cast: Cast
    ) -> None:
        ada = await register()
        upload = await begin(ada, b"hello")

        await ada.http.delete("/v1/users/me")
        await run_jobs(cast.services)

        ended, begun = await listed(cast, subject_id=upload["id"])
        assert (ended["action"], ended["actor_kind"]) == ("upload.expired", "system")
        assert begun["action"] == "upload.begun"


class TestFilters:
    async def test_find_by_actor_action_and_subject(self, register: Register, cast: Cast) -> None:
        ada, bob = await register(), await register()
        for person in (ada, bob):
            for name in ("a", "b"):
                await person.http.post("/v1/folders", json={"name": name})
        folder = (await ada.http.post("/v1/folders", json={"name": "c"})).json()
        await ada.http.delete(f"/v1/folders/{folder['id']}")

        made = await listed(cast, actor_id=ada.id, action="folder.created")
        of_folder = await listed(cast, subject_id=folder["id"], subject_kind="folder")

        assert len(made) == 3
        assert {event["actor_id"] for event in made} == {ada.id}
        assert [event["action"] for event in of_folder] == ["folder.trashed", "folder.created"]

    async def test_find_by_time(self, register: Register, cast: Cast) -> None:
        ada = await register()
        (event,) = await listed(cast, subject_id=ada.id)
        at = datetime.fromisoformat(event["created_at"])
        before, after = (at + timedelta(seconds=step) for step in (-1, 1))

        async def found(**times: datetime) -> int:
            period = {name: time.isoformat() for name, time in times.items()}
            return len(await listed(cast, subject_id=ada.id, **period))

        assert await found(since=before, until=after) == 1
        assert await found(since=after) == 0
        assert await found(until=before) == 0
        assert await found(until=at) == 0
        assert await found(since=at.astimezone(UTC)) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"since": "yesterday"},
            {"since": "0001-01-01T00:00:00+14:00"},
            {"until": "9999-12-31T23:59:59-14:00"},
            {"since": "2026-01-01T00:00:00"},
            {"action": "'; DROP TABLE events; --"},
            {"actor_id": "me"},
            {"nonsense": "x"},
        ],
    )
    async def test_refuse_what_they_do_not_understand(self, cast: Cast, wrong: Json) -> None:
        answer = await cast.people["admin"].http.get("/v1/admin/events", params=wrong)

        assert answer.status_code == 422


class TestTheWorker:
    async def test_is_named_for_what_it_does_by_itself(self, cast: Cast) -> None:
        upload_id = await Scene(cast).get("upload_id")
        db = cast.services.database.autocommit
        query = queries.uploads(Upload.id == UUID(upload_id))

        await heal(cast.services, await only(db, UploadRow, query))

        file_id = (await only(db, UploadRow, query)).file_id
        (event,) = await listed(cast, subject_id=str(file_id))
        assert (event["action"], event["actor_kind"]) == ("file.uploaded", "system")
