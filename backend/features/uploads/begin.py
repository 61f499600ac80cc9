"""Begin an upload: plan it, reserve its bytes, write it down."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from backend.core import metrics
from backend.core.db import Db, fetch_one
from backend.core.errors import NameTaken, QuotaExceeded
from backend.core.settings import UploadSettings
from backend.core.storage import OBJECT_PREFIX, Storage
from backend.features.uploads import queries
from backend.features.uploads.plan import UploadPlan
from backend.features.uploads.schedule import first_heal
from backend.kit import faults
from backend.kit.ids import uuid7
from backend.models import Node, NodeKind, OnConflict, Role, UploadMethod, live
from backend.rules import access
from backend.rules.principal import Principal


async def begin(
    db: Db, storage: Storage, settings: UploadSettings, principal: Principal, plan: UploadPlan
) -> Row[Any]:
    """Reserve the quota of the tree's owner and write the upload down.

    A put costs one statement and no call to S3. A multipart upload is opened at S3 first: one
    that the database then refuses is aborted there, or by the bucket's lifecycle after a crash.

    Raises:
        NotFound, RoleRequired: the folder or file, for this caller.
        NameTaken: with `on_conflict=fail`.
        QuotaExceeded: the tree's owner has not enough room.
    """
    values = _values(settings, principal, plan)
    if plan.method is not UploadMethod.MULTIPART:
        return await _insert(db, principal, plan, values)
    key = values["object_key"]
    values["s3_upload_id"] = await storage.create_multipart(key, content_type=plan.content_type)
    faults.reach("begin.opened")
    try:
        return await _insert(db, principal, plan, values)
    except Exception:
        await storage.abort_multipart(key, values["s3_upload_id"])
        raise


async def _insert(
    db: Db, principal: Principal, plan: UploadPlan, values: dict[str, Any]
) -> Row[Any]:
    into_root = plan.folder_id is None and plan.file_id is None
    statement = queries.BEGIN_IN_ROOT if into_root else queries.BEGIN_IN_TARGET
    upload: Row[Any] | None = await fetch_one(db, statement, **queries.bound_names(values))
    faults.reach("begin.recorded")
    if upload is None:
        await _explain(db, principal, plan)
        raise QuotaExceeded(f"Storing {plan.size} bytes would exceed the storage quota.")
    metrics.count_upload("begun", plan.method, plan.size)
    return upload


async def _explain(db: Db, principal: Principal, plan: UploadPlan) -> None:
    """Raise what else than the quota stood in the way."""
    target = plan.file_id or plan.folder_id
    if target is not None:
        kind = NodeKind.FILE if plan.file_id else NodeKind.FOLDER
        await access.require(db, principal.user_id, target, Role.EDITOR, kind=kind)
    if plan.on_conflict is not OnConflict.FAIL or plan.file_id is not None:
        return
    in_folder = (
        Node.parent_id == target
        if target
        else Node.parent_id.in_(
            select(Node.id).where(Node.owner_id == principal.user_id, Node.parent_id.is_(None))
        )
    )
    taken = select(Node.id).where(in_folder, Node.name_key == plan.name_key, live)
    if (await db.execute(taken)).first():
        raise NameTaken(f"The folder already holds '{plan.name}'.")


def _values(settings: UploadSettings, principal: Principal, plan: UploadPlan) -> dict[str, Any]:
    now = datetime.now(UTC)
    multipart = plan.method is UploadMethod.MULTIPART
    expires_at = now + (settings.multipart_ttl if multipart else settings.ttl)
    actor = principal.actor
    return {
        "id": uuid7(),
        "created_by": principal.user_id,
        "target_id": plan.file_id or plan.folder_id,
        "target_kind": NodeKind.FILE if plan.file_id else NodeKind.FOLDER,
        "name": plan.name,
        "name_key": plan.name_key,
        "size": plan.size,
        "content_type": plan.content_type,
        "checksum_sha256": plan.checksum_sha256,
        "method": plan.method,
        "on_conflict": plan.on_conflict,
        "object_key": f"{OBJECT_PREFIX}{now:%Y%m%d}/{uuid7()}",
        "s3_upload_id": None,
        "part_size": plan.part_size,
        "heal_at": first_heal(now, expires_at),
        "expires_at": expires_at,
        "event_id": uuid7(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "ip": actor.ip,
        "request_id": actor.request_id,
    }
