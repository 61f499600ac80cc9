"""Presigned URLs to read files: one statement to find them, no network call to sign them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row

from backend.core.db import Db
from backend.core.errors import NotFound
from backend.core.presign import Presigner
from backend.features.files.schemas import Download, DownloadRequest
from backend.features.folders.nodes import present_checksum
from backend.kit.disposition import Disposition
from backend.models import FileVersion, Node, live
from backend.rules.access import inherited_role

MAX_NAMED = 20
"""How many missing ids an error lists."""


def download_select(version_id: UUID | None = None) -> Select[*tuple[Any, ...]]:
    """Select live files with all that `sign` needs; narrow it with `.where(...)`.

    Args:
        version_id: of this version, instead of the current one.
    """
    version = Node.current_version_id if version_id is None else literal(version_id, Uuid())
    return (
        select(
            Node.id,
            Node.name,
            FileVersion.object_key,
            FileVersion.size,
            FileVersion.content_type,
            FileVersion.etag,
            FileVersion.checksum_sha256,
            FileVersion.checksum_type,
        )
        .join_from(Node, FileVersion, FileVersion.node_id == Node.id)
        .where(FileVersion.id == version, live)
    )


def sign(
    presigner: Presigner, row: Row[Any], lifetime: timedelta, disposition: Disposition
) -> Download:
    """Turn a row of `download_select` into a URL that gives the bytes until it expires."""
    signed = presigner.get(
        row.object_key,
        filename=row.name,
        content_type=row.content_type,
        disposition=disposition,
        expires=lifetime,
    )
    return Download(
        file_id=row.id,
        url=signed.url,
        expires_at=signed.expires_at,
        name=row.name,
        size=row.size,
        content_type=row.content_type,
        etag=row.etag,
        checksum=present_checksum(row),
    )


async def find_download(db: Db, user_id: UUID, file_id: UUID, request: DownloadRequest) -> Row[Any]:
    """One file for `sign`; the role viewer will do.

    Raises:
        NotFound: no such file or version, trashed, or invisible to the caller.
    """
    query = download_select(request.version_id).where(
        Node.id == file_id, inherited_role(user_id).is_not(None)
    )
    row = (await db.execute(query)).first()
    if row is None:
        raise NotFound
    return row


async def find_downloads(db: Db, user_id: UUID, file_ids: list[UUID]) -> list[Row[Any]]:
    """Many files for `sign`, in the order of `file_ids`, in one statement.

    Raises:
        NotFound: one of them does not exist, is trashed or is invisible to the caller.
    """
    query = download_select().where(
        Node.id == any_(literal(file_ids, ARRAY(Uuid))), inherited_role(user_id).is_not(None)
    )
    found = {row.id: row for row in await db.execute(query)}
    missing = [index for index, file_id in enumerate(file_ids) if file_id not in found]
    if missing:
        raise NotFound(
            f"{len(missing)} of the {len(file_ids)} files do not exist or are not yours to see.",
            errors=[
                {"loc": ["body", "file_ids", str(index)], "msg": "Not found.", "type": "not_found"}
                for index in missing[:MAX_NAMED]
            ],
        )
    return [found[file_id] for file_id in file_ids]
