"""The restore that docs/operations.md describes, rehearsed: back to a moment, with its bytes."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import boto3
import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, update

from backend.core.services import Services, open_services
from backend.core.settings import AuthSettings, DatabaseSettings, S3Settings, Settings
from backend.dev.postgres import programs, unprivileged
from backend.features.finalize.jobs import sweep
from backend.models import Upload
from tests.conftest import UNLIMITED, new_database, serve
from tests.faults.healing import findings
from tests.faults.servers import Server
from tests.support.embedded_s3 import Endpoint
from tests.support.jobs import run_jobs
from tests.support.people import (
    PASSWORD,
    Person,
    people,
    plain_client,
    sign_in,
)
from tests.support.transfer import (
    begin,
    complete,
    send,
    upload_file,
)

BUCKET = "restored"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """One that keeps every change, as a production server does."""
    archive = tmp_path / "archive"
    archive.mkdir()
    options = {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f"}
    server = Server(tmp_path / "home", options)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def versions(s3_endpoint: Endpoint) -> Any:
    """The bucket keeps what is deleted; gives an S3 client."""
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=s3_endpoint.url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
async def own_settings(server: Server, s3_endpoint: Endpoint) -> Settings:
    return Settings(
        s3=S3Settings(endpoint_url=s3_endpoint.url, bucket=BUCKET),
        database=DatabaseSettings(url=SecretStr(await new_database(server.url))),
        auth=AuthSettings(**UNLIMITED),
    )


async def test_the_database_goes_back_and_the_bytes_come_along(
    server: Server, own_settings: Settings, versions: Any, tmp_path: Path
) -> None:
    async with serve(own_settings) as url, people(url) as register:
        ada = await register("ada")
        kept = await upload_file(ada, b"kept", "kept.txt")
        await back_up(server, tmp_path / "backup")
        deleted = await upload_file(ada, b"deleted later", "deleted.txt")
        sent = await begin(ada, b"completed later", "sent.txt")
        await send(sent["request"], b"completed later")

        moment = await now(server)

        await complete(ada, sent)
        await upload_file(ada, b"uploaded later", "later.txt")
        await upload_file(ada, b"changed later", file_id=kept["id"])
        await ada.http.delete(f"/v1/files/{deleted['id']}")
        await ada.http.delete(f"/v1/trash/{deleted['id']}")
        async with open_services(own_settings) as services:
            await run_jobs(services)

    await restore(server, tmp_path, moment)

    async with open_services(own_settings) as services, serve(own_settings) as url:
        found = await findings(services)
        assert sorted(finding.kind for finding in found) == [
            "missing_object",  # deleted after the moment: the bucket still has an older version
            "orphan_object",  # uploaded after the moment
            "orphan_object",  # the version uploaded after the moment
        ]
        undelete(versions, [item.subject for item in found if item.kind == "missing_object"])
        await heal(services)
        assert {item.kind for item in await findings(services, repair=True)} == {"orphan_object"}
        assert await findings(services) == []
        assert await contents(url, ada) == {
            "kept.txt": b"kept",
            "deleted.txt": b"deleted later",
            "sent.txt": b"completed later",
        }


async def back_up(server: Server, target: Path) -> None:
    """A base backup, to which the archive adds every later change."""
    program = (*unprivileged(), str(programs() / "pg_basebackup"))
    command = (*program, "--pgdata", str(target), "--checkpoint=fast", "--dbname", server.url)
    await asyncio.to_thread(subprocess.run, command, check=True)


async def now(server: Server) -> datetime:
    """The server's time, with nothing happening around it."""
    await asyncio.sleep(0.2)
    moment: datetime = await ask(server, "SELECT clock_timestamp()")
    await asyncio.sleep(0.2)
    return moment


async def ask(server: Server, statement: str) -> Any:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def restore(server: Server, tmp_path: Path, moment: datetime) -> None:
    """The base backup, and from the archive what happened until `moment`."""
    await ask(server, "SELECT pg_switch_wal()")
    await server.stop()
    data = server.folder / "postgres"
    await asyncio.to_thread(shutil.move, data, tmp_path / "damaged")
    await asyncio.to_thread(shutil.move, tmp_path / "backup", data)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"restore_command = 'cp {tmp_path}/archive/%f %p'\n"
            f"recovery_target_time = '{moment.isoformat()}'\n"
            "recovery_target_action = 'promote'\n"
        )
    (data / "recovery.signal").touch()
    if os.geteuid() == 0:
        owner = (tmp_path / "damaged").stat()
        os.chown(data / "recovery.signal", owner.st_uid, owner.st_gid)
    await server.start()
    while await ask(server, "SELECT pg_is_in_recovery()"):
        await asyncio.sleep(0.1)


def undelete(s3: Any, keys: list[str]) -> None:
    """Remove the delete markers, so that what was deleted after the moment is there again."""
    for key in keys:
        listed = s3.list_object_versions(Bucket=BUCKET, Prefix=key)
        for marker in listed.get("DeleteMarkers", []):
            s3.delete_object(Bucket=BUCKET, Key=key, VersionId=marker["VersionId"])


async def heal(services: Services) -> None:
    """The upload that was pending at the moment completes by itself: its bytes are there."""
    await services.database.autocommit.execute(update(Upload).values(heal_at=func.now()))
    await sweep(services)


async def contents(url: str, person: Person) -> dict[str, bytes]:
    """Every file and its bytes, as its owner gets them."""
    async with plain_client(base_url=url) as http, plain_client() as s3:
        tokens = (await sign_in(http, person.email, PASSWORD)).json()
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        root = (await http.get("/v1/folders/root")).json()["id"]
        files = (await http.get(f"/v1/folders/{root}/children")).json()["items"]
        return {file["name"]: await fetch(http, s3, file["id"]) for file in files}


async def fetch(http: httpx.AsyncClient, s3: httpx.AsyncClient, file_id: str) -> bytes:
    signed = (await http.post(f"/v1/files/{file_id}/download-url")).json()
    return (await s3.get(signed["url"])).raise_for_status().content
