from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.core.jobs.queue import enqueue
from backend.core.services import Services
from tests.support.people import Person, Register
from tests.support.transfer import upload_file


class TestEvents:
    async def test_are_found_by_who_did_what_to_what_and_when(
        self, admin: Person, register: Register
    ) -> None:
        ada = await register("ada")
        file = await upload_file(ada, b"content")
        now = datetime.now(UTC)
        wanted = {
            "actor_id": ada.id,
            "action": "file.uploaded",
            "subject_kind": "file",
            "subject_id": file["id"],
            "since": (now - timedelta(minutes=5)).isoformat(),
            "until": (now + timedelta(minutes=5)).isoformat(),
        }

        found = (await admin.http.get("/v1/admin/events", params=wanted)).json()["items"]

        assert [event["subject_id"] for event in found] == [file["id"]]
        for condition in (
            {"action": "file.renamed"},
            {"actor_id": admin.id},
            {"since": wanted["until"]},
            {"until": wanted["since"]},
        ):
            none = await admin.http.get("/v1/admin/events", params={**wanted, **condition})
            assert none.json()["items"] == []

    async def test_come_in_pages(self, admin: Person, register: Register) -> None:
        ada = await register("ada")
        made = [
            (await ada.http.post("/v1/folders", json={"name": f"folder {number}"})).json()["id"]
            for number in range(3)
        ]
        query: dict[str, Any] = {"actor_id": ada.id, "action": "folder.created", "limit": 2}

        first = (await admin.http.get("/v1/admin/events", params=query)).json()
        query["cursor"] = first["next_cursor"]
        second = (await admin.http.get("/v1/admin/events", params=query)).json()

        told = [event["subject_id"] for event in first["items"] + second["items"]]
        assert told == made[::-1]
        assert second["next_cursor"] is None

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "cursor=x", "since=yesterday", "since=2026-01-01T00:00:00", "colour=red"],
    )
    async def test_a_senseless_filter_is_refused(self, admin: Person, query: str) -> None:
        assert (await admin.http.get(f"/v1/admin/events?{query}")).status_code == 422


class TestStats:
    async def test_count_what_there_is(
        self, admin: Person, register: Register, services: Services
    ) -> None:
        before = (await admin.http.get("/v1/admin/stats")).json()
        ada = await register("ada")
        await upload_file(ada, b"x" * 1000)
        async with services.database.transaction() as tx:
            await enqueue(tx, "never.run", {}, delay=timedelta(days=1))

        after = (await admin.http.get("/v1/admin/stats")).json()

        assert after["users"]["total"] == before["users"]["total"] + 1
        assert after["storage"]["used_bytes"] == before["storage"]["used_bytes"] + 1000
        assert after["storage"]["files"] == before["storage"]["files"] + 1
        assert after["uploads"]["completed"] == before["uploads"].get("completed", 0) + 1
        assert "never.run" in [job["name"] for job in after["jobs"]]
        assert after["dead_letters"] == []
