"""The SQL of uploads: statements built once, with their values bound at each call."""

from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Executable,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from backend.core.database.prepared import Prepared
from backend.kit.vocabulary import (
    NodeKind,
    OnConflict,
    Role,
    UploadState,
)
from backend.models import (
    Event,
    Node,
    Space,
    Upload,
    User,
    live,
)
from backend.rules import quota
from backend.rules.access import inherited_role

columns = Upload.__table__.columns


def _bound(name: str) -> BindParameter[Any]:
    """A value for the upload's column of that name: see `bound_names`."""
    return bindparam(f"new_{name}", type_=columns[name].type)


def bound_names(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the statements here take them.

    The prefix keeps SQLAlchemy from taking them for columns of every INSERT and UPDATE inside.
    """
    return {f"new_{name}": value for name, value in values.items()}


def _target(by_id: bool) -> CTE:
    """The folder or file an upload is for, if the caller may write there."""
    user_id = _bound("created_by")
    if by_id:
        place = and_(
            Node.id == bindparam("new_target_id", type_=Node.id.type),
            Node.kind == bindparam("new_target_kind", type_=Node.kind.type),
            inherited_role(user_id) >= literal(Role.EDITOR, Integer),
        )
    else:
        place = and_(Node.space_id == user_id, Node.parent_id.is_(None))
    sibling = aliased(Node)
    taken = (
        select(sibling.id)
        .where(
            sibling.parent_id == Node.id,
            sibling.name_key == bindparam("new_name_key", type_=Node.name_key.type),
            sibling.trashed_at.is_(None),
        )
        .correlate(Node)
        .exists()
    )
    may_take_name = or_(_bound("on_conflict") != OnConflict.FAIL, ~taken)
    return (
        select(Node.id, Node.space_id, Node.parent_id, Node.kind, Node.name)
        .where(place, live, may_take_name)
        .cte("target")
    )


def _reservation(target: CTE) -> CTE:
    """The quota, taken in the same statement: see `rules.quota.reserve`."""
    size = _bound("size")
    return (
        update(Space)
        .where(quota.of_space(target.c.space_id), quota.fits(size))
        .values(reserved_bytes=Space.reserved_bytes + size)
        .returning(Space.id)
        .cte("reservation")
    )


PLANNED = (
    "id",
    "created_by",
    "size",
    "content_type",
    "checksum_sha256",
    "method",
    "on_conflict",
    "object_key",
    "s3_upload_id",
    "part_size",
    "heal_at",
    "expires_at",
)
"""The columns of a new upload that are known before the database is asked."""


def _begin(*, by_id: bool) -> Executable:
    """Check access, reserve the quota, insert the upload and its event: one round trip.

    Gives the new row; no row when the caller may not write there, the name is taken, or the quota
    does not suffice.
    """
    target = _target(by_id)
    reservation = _reservation(target)
    is_file = target.c.kind == NodeKind.FILE
    source = select(
        *(_bound(name) for name in PLANNED),
        target.c.space_id,
        case((is_file, target.c.parent_id), else_=target.c.id),
        case((is_file, target.c.id), else_=null()),
        case((is_file, target.c.name), else_=_bound("name")),
    ).join_from(target, reservation, reservation.c.id == target.c.space_id)
    begun = (
        insert(Upload)
        .from_select([*PLANNED, "space_id", "folder_id", "file_id", "name"], source)
        .returning(*columns)
        .cte("begun")
    )
    event = insert(Event).from_select(
        ["id", *EVENT_FIELDS, "action", "subject_kind", "subject_id", "data"],
        select(
            bindparam("new_event_id", type_=Event.id.type),
            *(
                bindparam(f"new_{name}", type_=Event.__table__.c[name].type)
                for name in EVENT_FIELDS
            ),
            literal("upload.begun"),
            literal("upload"),
            begun.c.id,
            func.jsonb_build_object("size", begun.c.size, "name", begun.c.name),
        ),
    )
    return select(*begun.c).add_cte(event.cte("event"))


EVENT_FIELDS = ("actor_kind", "actor_id", "ip", "request_id")

BEGIN_IN_TARGET = Prepared(_begin(by_id=True))
BEGIN_IN_ROOT = Prepared(_begin(by_id=False))


def own_uploads(user_id: Any) -> Select[*tuple[Any, ...]]:
    """Uploads that `user_id` has begun: nobody else learns of them."""
    return select(*columns).where(Upload.created_by == user_id)


def claim(upload_id: Any, lease: Any) -> Update:
    """Take an upload for completion: pending, or left behind by someone who died completing it.

    The worker looks again when the lease runs out, however rarely it would look otherwise.
    """
    over = and_(Upload.state == UploadState.COMPLETING, Upload.lease_until < func.now())
    return (
        update(Upload)
        .where(Upload.id == upload_id, or_(Upload.state == UploadState.PENDING, over))
        .values(
            state=UploadState.COMPLETING,
            lease_until=func.now() + lease,
            heal_at=func.least(Upload.heal_at, func.now() + lease),
        )
        .returning(*columns)
    )


is_open = Upload.state.in_([UploadState.PENDING, UploadState.COMPLETING])


def unwelcome(limit: int) -> Select[*tuple[Any, ...]]:
    """Pending uploads into a tree that is not their maker's own, who may write there no more."""
    may_write = (
        select(Node.id)
        .where(
            or_(Node.id == Upload.file_id, Node.id == Upload.folder_id),
            inherited_role(Upload.created_by) >= literal(Role.EDITOR, Integer),
        )
        .correlate(Upload)
        .exists()
    )
    return (
        select(*columns)
        .join(User, User.id == Upload.created_by)
        .where(
            Upload.state == UploadState.PENDING,
            Upload.created_by != Upload.space_id,
            or_(~User.is_active, ~may_write),
        )
        .limit(limit)
    )
