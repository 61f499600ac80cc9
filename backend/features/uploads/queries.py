"""The SQL of uploads: statements built once, with their values bound at each call."""

from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Executable,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import aliased

from backend.core.database import rows
from backend.core.database.prepared import Prepared
from backend.kit.events import EventType
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
    UploadRow,
    live,
)
from backend.models.upload import OPEN_STATES
from backend.rules import quota
from backend.rules.access import Who, inherited_role, visible_parent

columns = Upload.__table__.columns
row_columns = rows.columns(UploadRow, Upload)


def _bound(name: str) -> BindParameter[Any]:
    """A value for the upload's column of that name: see `bound_names`."""
    return bindparam(f"new_{name}", type_=columns[name].type)


def bound_names(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the statements here take them.

    The prefix keeps SQLAlchemy from mistaking them for columns of the INSERT and UPDATE inside.
    """
    return {f"new_{name}": value for name, value in values.items()}


DELETED_QUOTAS = bindparam("new_deleted_quotas", type_=Integer())


def has_place(user_id: ColumnElement[Any], most: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: fewer than `most` uploads of this account are open.

    It looks at no more than `most` entries of an index. Concurrent statements do not see each
    other's uploads, so there may be as many too many as run at the same moment.
    """
    last = select(Upload.id).where(Upload.created_by == user_id, text(OPEN_STATES))
    return ~last.offset(most - 1).limit(1).correlate(None).exists()


def _target(by_id: bool) -> CTE:
    """The folder or file an upload is for, if the caller may write there and open one more.

    It is held as by `access.require(hold=True)`, before the quota: deleting takes both in this
    order, too.
    """
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
        select(
            Node.id,
            Node.space_id,
            Node.parent_id,
            Node.kind,
            Node.name,
            visible_parent(user_id).label("seen_parent_id"),
        )
        .where(
            place,
            live,
            may_take_name,
            has_place(user_id, bindparam("new_max_open", type_=Integer())),
        )
        .with_for_update(read=True, key_share=True, of=Node)
        .cte("target")
    )


def _reservation(target: CTE) -> CTE:
    """The quota, taken in the same statement: see `rules.quota.reserve`."""
    size = _bound("size")
    return (
        update(Space)
        .where(
            quota.of_space(target.c.space_id),
            quota.fits(size),
            quota.may_go_on(DELETED_QUOTAS, size),
        )
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


ACTOR_FIELDS = ("actor_kind", "actor_id", "ip", "request_id")
EVENT_FIELDS = ("action", "subject_kind", "subject_id", "node_id", "space_id", "data")
"""The columns of an event: of who began the upload, and of what was begun (`UploadBegun`)."""


def _begin(*, by_id: bool) -> Executable:
    """Check access, reserve the quota, insert the upload and its event: one round trip.

    Gives the new row as `shown_to` does; no row if the caller may not write there or has too many
    uploads open, the name is taken, or the quota does not suffice or has been freed too often
    today.
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
        .returning(*row_columns)
        .cte("begun")
    )
    event = insert(Event).from_select(
        ["id", *ACTOR_FIELDS, *EVENT_FIELDS],
        select(
            bindparam("new_event_id", type_=Event.id.type),
            *(
                bindparam(f"new_{name}", type_=Event.__table__.c[name].type)
                for name in ACTOR_FIELDS
            ),
            literal(EventType.UPLOAD_BEGUN.value),
            literal(EventType.UPLOAD_BEGUN.subject_kind),
            begun.c.id,
            func.coalesce(begun.c.file_id, begun.c.folder_id),
            begun.c.space_id,
            func.jsonb_build_object("size", begun.c.size, "name", begun.c.name),
        ),
    )
    seen = case((is_file, target.c.seen_parent_id), else_=begun.c.folder_id)
    shown = [seen.label("folder_id") if one.name == "folder_id" else one for one in begun.c]
    one_place = begun.c.space_id == target.c.space_id
    return select(*shown).join_from(begun, target, one_place).add_cte(event.cte("event"))


BEGIN_IN_TARGET = Prepared(UploadRow, _begin(by_id=True))
BEGIN_IN_ROOT = Prepared(UploadRow, _begin(by_id=False))


is_open = Upload.state.in_([UploadState.PENDING, UploadState.COMPLETING])


def uploads(*which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select `UploadRow`: the uploads that meet all conditions in `which`."""
    return select(*row_columns).where(*which)


def shown_to(user_id: Who) -> Select[*tuple[Any, ...]]:
    """Select `UploadRow`: the uploads that a user began, to be presented to them.

    Their `folder_id` is null if the user may not see that folder: somebody who may write to a
    single file does not learn where it is kept.
    """
    folder = (
        select(Node.id)
        .where(Node.id == Upload.folder_id, inherited_role(user_id).is_not(None))
        .correlate(Upload)
        .scalar_subquery()
        .label("folder_id")
    )
    shown = [folder if column.name == "folder_id" else column for column in row_columns]
    return select(*shown).where(Upload.created_by == user_id)


OWN_UPLOAD = Prepared(
    UploadRow,
    shown_to(bindparam("user_id", type_=Upload.created_by.type)).where(
        Upload.id == bindparam("upload_id", type_=Upload.id.type)
    ),
)
"""An upload that the caller began: nobody else learns of it."""


def held_by(claimed: UploadRow) -> ColumnElement[bool]:
    """SQL: the upload is still being completed by whoever claimed it and got this row."""
    return and_(
        Upload.id == claimed.id,
        Upload.state == UploadState.COMPLETING,
        Upload.lease_until == claimed.lease_until,
    )
