"""Multipart uploads in S3 without an owner, and uploads of ours that never end."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import String, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from backend.core.database.rows import Db, rows
from backend.core.s3.objects import OpenUpload
from backend.features.fsck.findings import PAGE, Finding, Inspection, Kind
from backend.features.uploads.queries import is_open
from backend.kit.vocabulary import UploadState
from backend.models import Upload


async def check_multiparts(inspection: Inspection) -> AsyncIterator[Finding]:
    """Find unfinished multipart uploads without an open upload: their parts cost money."""
    storage = inspection.services.storage
    db, cutoff = inspection.services.database.autocommit, inspection.cutoff
    async for page in storage.list_multipart_uploads():
        inspection.progress("multipart uploads", len(page))
        owned = await _owned(db, page)
        for found in page:
            if found.initiated >= cutoff or (found.key, found.upload_id) in owned:
                continue
            if inspection.repair:
                await storage.abort_multipart(found.key, found.upload_id)
            yield Finding(
                Kind.ABANDONED_MULTIPART,
                f"{found.key}?uploadId={found.upload_id}",
                f"begun {found.initiated:%F %T}, belongs to no open upload",
                repaired=inspection.repair,
            )


async def _owned(db: Db, page: Sequence[OpenUpload]) -> set[tuple[str, str]]:
    keys = literal([found.key for found in page], ARRAY(String))
    rows = await db.execute(
        select(Upload.object_key, Upload.s3_upload_id).where(
            Upload.object_key == any_(keys), is_open
        )
    )
    return {(row.object_key, row.s3_upload_id) for row in rows}


async def check_stuck(inspection: Inspection) -> AsyncIterator[Finding]:
    """Find uploads that expired long ago and that the worker should have ended."""
    async for page in _overdue(inspection):
        inspection.progress("stuck uploads", len(page))
        for row in page:
            yield Finding(
                Kind.STUCK_UPLOAD,
                str(row.id),
                f"{row.state} since {row.created_at:%F %T}, expired {row.expires_at:%F %T}",
            )


class _Overdue(NamedTuple):
    id: UUID
    state: UploadState
    created_at: datetime
    expires_at: datetime


async def _overdue(inspection: Inspection) -> AsyncIterator[list[_Overdue]]:
    db, cutoff = inspection.services.database.autocommit, inspection.cutoff
    after = UUID(int=0)
    while True:
        query = (
            select(Upload.id, Upload.state, Upload.created_at, Upload.expires_at)
            .where(is_open, Upload.expires_at < cutoff, Upload.id > after)
            .order_by(Upload.id)
            .limit(PAGE)
        )
        page = await rows(db, _Overdue, query)
        yield page
        if len(page) < PAGE:
            return
        after = page[-1].id
