"""Begin an upload: plan it, reserve its bytes, write it down, sign its requests."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, literal, select

from backend.core.database.engine import fetch_one
from backend.core.database.rows import Db
from backend.core.errors import NameTaken, QuotaExceeded, TooManyRequests
from backend.core.observability import metrics
from backend.core.s3.storage import OBJECT_PREFIX, Storage
from backend.core.settings import UploadSettings
from backend.features.tree.placement import find_child, target_folder
from backend.features.uploads import queries
from backend.features.uploads.errors import TooManyUploads
from backend.features.uploads.plan import UploadPlan, plan_upload
from backend.features.uploads.schemas import Upload as UploadDocument
from backend.features.uploads.schemas import UploadCreate
from backend.features.uploads.signing import UploadSigner, first_urls
from backend.features.uploads.states import first_heal
from backend.kit import faults
from backend.kit.ids import uuid7
from backend.kit.vocabulary import NodeKind, OnConflict, Role, UploadMethod
from backend.models import Space, UploadRow
from backend.rules import access, quota
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

TRIES = 5
"""How often an insert is tried again if the reason for its refusal is gone when looked for."""


async def begin(
    db: Db,
    storage: Storage,
    signer: UploadSigner,
    settings: UploadSettings,
    principal: Principal,
    body: UploadCreate,
) -> UploadDocument:
    """Reserve space for an upload, write it down, and sign the requests that send its bytes.

    A put costs one statement and no call to S3. A multipart upload is opened at S3 first: if the
    database then refuses it, it is aborted there; after a crash, the bucket's lifecycle does so.

    Raises:
        NotFound, RoleRequired: the folder or file, for this caller.
        NameTaken: with `on_conflict=fail`.
        QuotaExceeded: the space does not have enough room.
        TooManyUploads: the caller has `UPLOAD_MAX_OPEN` open already.
        TooManyRequests: SIGNING_RATE is used up, or so much has been deleted from the space today
            that it has to wait.
    """
    plan = plan_upload(body, settings)
    await signer.count(first_urls(plan.part_count))
    values = _values(settings, principal, plan)
    if plan.method is not UploadMethod.MULTIPART:
        return signer.present(await _insert(db, settings, principal, plan, values))
    key = values["object_key"]
    s3_upload_id = await storage.create_multipart(key, content_type=plan.content_type)
    faults.reach("begin.opened")
    try:
        values["s3_upload_id"] = s3_upload_id
        upload = await _insert(db, settings, principal, plan, values)
    except Exception:
        await storage.abort_multipart(key, s3_upload_id)
        raise
    return signer.present(upload)


async def _insert(
    db: Db,
    settings: UploadSettings,
    principal: Principal,
    plan: UploadPlan,
    values: dict[str, Any],
) -> UploadRow:
    into_root = plan.folder_id is None and plan.file_id is None
    statement = queries.BEGIN_IN_ROOT if into_root else queries.BEGIN_IN_TARGET
    for _ in range(TRIES):
        upload = await fetch_one(db, statement, **queries.bound_names(values))
        faults.reach("begin.recorded")
        if upload is not None:
            metrics.count_upload("begun", plan.method, plan.size)
            return upload
        await _explain(db, settings, principal, plan)
    # Each time, what stood in the way was gone again.
    raise _name_taken(plan) if _needs_free_name(plan) else _no_room(plan)


async def _explain(
    db: Db, settings: UploadSettings, principal: Principal, plan: UploadPlan
) -> None:
    """Raise what stands in the way; return if it is gone again."""
    target = await _target(db, principal, plan)
    place = queries.has_place(literal(principal.user_id), literal(settings.max_open))
    if (await db.execute(select(literal(1)).where(place))).first() is None:
        raise TooManyUploads(f"{settings.max_open} of your uploads are open: end some first.")
    if _needs_free_name(plan) and await find_child(db, target.id, plan.name):
        raise _name_taken(plan)
    size, times = literal(plan.size, BigInteger), literal(settings.deleted_quotas_per_day)
    fits, may_go_on = quota.fits(size), quota.may_go_on(times, size)
    rules = select(fits.label("fits"), may_go_on.label("may_go_on"))
    row = (await db.execute(rules.where(Space.id == target.space_id))).first()
    if row is None or not row.fits:
        raise _no_room(plan)
    if not row.may_go_on:
        raise _too_much_deleted()


async def _target(db: Db, principal: Principal, plan: UploadPlan) -> SeenNode:
    if plan.file_id is None:
        return await target_folder(db, principal.user_id, plan.folder_id)
    user_id, kind = principal.user_id, NodeKind.FILE
    return await access.require(db, user_id, plan.file_id, Role.EDITOR, kind=kind)


def _needs_free_name(plan: UploadPlan) -> bool:
    return plan.on_conflict is OnConflict.FAIL and plan.file_id is None


def _name_taken(plan: UploadPlan) -> NameTaken:
    return NameTaken(f"The folder already holds something named “{plan.name}”.")


def _too_much_deleted() -> TooManyRequests:
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return TooManyRequests(
        "Too much has been deleted from this space today: uploads go on at midnight UTC.",
        retry_after=math.ceil((tomorrow - now).total_seconds()),
    )


def _no_room(plan: UploadPlan) -> QuotaExceeded:
    return QuotaExceeded(f"Storing {plan.size} bytes would exceed the storage quota.")


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
        "max_open": settings.max_open,
        "deleted_quotas": settings.deleted_quotas_per_day,
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
