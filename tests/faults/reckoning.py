"""What the product says in the end, compared with the ledger: exactly that, and nothing besides."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from random import Random
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.engine import Row

from backend.core.services import Services
from backend.models import Event, FileVersion, Link, Node, Upload
from tests.faults.healing import findings
from tests.faults.steps import Client, Ledger, Sent
from tests.support.people import plain_client

AT_ONCE = 8


async def reckon(services: Services, ledger: Ledger) -> None:
    await check_bucket_and_database(services, ledger)
    await check_files(services, ledger)
    await check_uploads_without_a_file(services, ledger)
    await check_current(services, ledger)
    await check_downloads(services, ledger)
    await check_events(services, ledger)


async def check_bucket_and_database(services: Services, ledger: Ledger) -> None:
    """What a death between S3 and the database leaves is what fsck repairs, and nothing else."""
    found = await findings(services, repair=True, repair_all=True)
    assert [finding.kind for finding in found] == ["abandoned_multipart"] * ledger.opened, found
    ledger.opened = 0
    assert await findings(services) == []


async def check_files(services: Services, ledger: Ledger) -> None:
    """Every upload whose bytes arrived is one version with these bytes, unless it was deleted.

    There are no other versions but the copies that were committed.
    """
    uploads = await _uploads(services, ledger.sent)
    assert {row.state for row in uploads} == {"completed"}
    kept = [row for row in uploads if ledger.sent[str(row.id)].kept]
    dropped = [row for row in uploads if not ledger.sent[str(row.id)].kept]
    assert all(row.held_by == row.file_id is not None for row in kept)
    assert {row.held_by for row in dropped} <= {None}
    versions = select(FileVersion.object_key, func.count().label("holders")).group_by(
        FileVersion.object_key
    )
    rows = await services.database.autocommit.execute(versions)
    holders = {row.object_key: row.holders for row in rows}
    assert holders == {row.object_key: 1 + ledger.copies[str(row.file_id)] for row in kept}
    await _compare_bytes(kept, ledger)
    for row in dropped:
        assert await services.storage.head(row.object_key) is None


async def _uploads(services: Services, ids: Collection[str]) -> Sequence[Row[Any]]:
    query = (
        select(
            *(Upload.id, Upload.state, Upload.object_key, Upload.file_id, Upload.version_id),
            FileVersion.node_id.label("held_by"),
        )
        .outerjoin(FileVersion, FileVersion.id == Upload.version_id)
        .where(Upload.id.in_([UUID(upload_id) for upload_id in ids]))
    )
    rows = (await services.database.autocommit.execute(query)).all()
    assert {str(row.id) for row in rows} == set(ids)
    return rows


async def _compare_bytes(uploads: Sequence[Row[Any]], ledger: Ledger) -> None:
    """Download every version as its uploader would."""
    places = asyncio.Semaphore(AT_ONCE)

    async def compare(s3: httpx.AsyncClient, upload: Row[Any], sent: Sent) -> None:
        async with places:
            client = Client(sent.person, ledger, Random())
            body = {"version_id": str(upload.version_id)}
            path = f"/v1/files/{upload.file_id}/download-url"
            signed = (await client.ask("POST", path, json=body)).raise_for_status().json()
            got = (await s3.get(signed["url"])).raise_for_status().content
        assert got == sent.content, f"upload {upload.id} has other bytes"

    async with plain_client() as s3, asyncio.TaskGroup() as downloads:
        for upload in uploads:
            downloads.create_task(compare(s3, upload, ledger.sent[str(upload.id)]))


async def check_uploads_without_a_file(services: Services, ledger: Ledger) -> None:
    """What was aborted or ran out of time ended so; a beginning cut off left its row or none."""
    rows = await _uploads(services, ledger.ended)
    assert {str(row.id): row.state for row in rows} == ledger.ended
    assert all(row.version_id is None for row in rows)
    query = select(Upload.name, Upload.state).where(Upload.name.in_(list(ledger.begun)))
    begun = (await services.database.autocommit.execute(query)).all()
    assert Counter(row.name for row in begun) == Counter(ledger.begun)
    assert {row.state for row in begun} <= {"expired"}


async def check_current(services: Services, ledger: Ledger) -> None:
    ids = [UUID(file_id) for file_id in ledger.current]
    query = select(Node.id, Node.current_version_id).where(Node.id.in_(ids))
    rows = await services.database.autocommit.execute(query)
    assert {str(row.id): str(row.current_version_id) for row in rows} == ledger.current


async def check_downloads(services: Services, ledger: Ledger) -> None:
    rows = await services.database.autocommit.execute(select(Link.id, Link.download_count))
    assert {str(row.id): row.download_count for row in rows} == ledger.downloads


async def check_events(services: Services, ledger: Ledger) -> None:
    """Each change left one event; each upload was completed once, whoever did it."""
    db = services.database.autocommit
    query = (
        select(Event.action, Event.subject_id, func.count().label("times"))
        .where(Event.action.in_({action for action, _ in ledger.events}))
        .group_by(Event.action, Event.subject_id)
    )
    rows = await db.execute(query)
    written = Counter({(row.action, str(row.subject_id)): row.times for row in rows})
    assert {what: written[what] for what in ledger.events} == ledger.events
    uploaded = await db.execute(
        select(Event.data["upload_id"].astext.label("upload_id"), func.count().label("times"))
        .where(Event.action == "file.uploaded")
        .group_by(text("upload_id"))
    )
    assert {row.upload_id: row.times for row in uploaded} == dict.fromkeys(ledger.sent, 1)
