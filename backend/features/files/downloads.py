"""Presigned URLs to read files: found in one statement, signed without a network call."""

from datetime import timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.engine import fetch, fetch_one
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.s3.presign import Presigner
from backend.features.tree.nodes import USER_ID, checksum_document
from backend.kit.checksums import ChecksumType
from backend.kit.text.disposition import Disposition
from backend.models import FileVersion, Node, live
from backend.rules.access import inherited_role

MAX_NAMED = 20
"""How many missing ids an error lists."""


class DownloadRow(NamedTuple):
    """A version of a file, for `sign`."""

    id: UUID
    name: str
    object_key: str
    size: int
    content_type: str
    etag: str
    checksum_sha256: str | None
    checksum_type: ChecksumType | None


_DOWNLOADABLE = (
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
    .where(live)
)
_VERSION = func.coalesce(bindparam("version_id", type_=Uuid()), Node.current_version_id)
_CURRENT = FileVersion.id == Node.current_version_id
_FILE = Node.id == bindparam("file_id", type_=Uuid())
_MAY_READ = inherited_role(USER_ID).is_not(None)

DOWNLOAD = Prepared(DownloadRow, _DOWNLOADABLE.where(_FILE, FileVersion.id == _VERSION, _MAY_READ))
DOWNLOADS = Prepared(
    DownloadRow,
    _DOWNLOADABLE.where(
        Node.id == any_(bindparam("file_ids", type_=ARRAY(Uuid))), _CURRENT, _MAY_READ
    ),
)
LINKED_DOWNLOAD = _DOWNLOADABLE.where(_CURRENT)
"""For callers that check access themselves; narrow it with `.where(...)`."""


def sign(
    presigner: Presigner,
    row: DownloadRow,
    lifetime: timedelta,
    disposition: Disposition,
    method: Literal["GET", "HEAD"] = "GET",
) -> dict[str, Any]:
    """A row as a `Download`, with a URL that serves the bytes until it expires."""
    signed = presigner.get(
        row.object_key,
        filename=row.name,
        content_type=row.content_type,
        disposition=disposition,
        expires=lifetime,
        method=method,
    )
    return {
        "file_id": row.id,
        "url": signed.url,
        "expires_at": signed.expires_at,
        "name": row.name,
        "size": row.size,
        "content_type": row.content_type,
        "etag": row.etag,
        "checksum": checksum_document(row),
    }


async def find_download(
    db: Db, user_id: UUID, file_id: UUID, version_id: UUID | None
) -> DownloadRow:
    """One file for `sign`; the role viewer suffices.

    Args:
        db: where to run the query.
        user_id: the caller.
        file_id: the file.
        version_id: this version instead of the current one.

    Raises:
        NotFound: there is no such file or version, it is trashed, or the caller may not see it.
    """
    row = await fetch_one(db, DOWNLOAD, user_id=user_id, file_id=file_id, version_id=version_id)
    if row is None:
        raise NotFound
    return row


async def find_downloads(db: Db, user_id: UUID, file_ids: list[UUID]) -> list[DownloadRow]:
    """Many files for `sign`, in the order of `file_ids`, in one statement.

    Raises:
        NotFound: one of them does not exist, is trashed, or the caller may not see it.
    """
    rows = await fetch(db, DOWNLOADS, user_id=user_id, file_ids=file_ids)
    found = {row.id: row for row in rows}
    missing = [index for index, file_id in enumerate(file_ids) if file_id not in found]
    if missing:
        raise NotFound(
            f"{len(missing)} of {len(file_ids)} files do not exist or are not accessible to you.",
            errors=[
                {"loc": ["body", "file_ids", str(index)], "msg": "Not found.", "type": "not_found"}
                for index in missing[:MAX_NAMED]
            ],
        )
    return [found[file_id] for file_id in file_ids]
