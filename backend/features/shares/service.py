"""Sharing: who may do what with a file or folder, decided by its owners."""

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db
from backend.core.errors import NotFound
from backend.core.http.pages import cut_page
from backend.core.http.schema import Page
from backend.core.settings import Settings
from backend.features.mail.service import enqueue_mail
from backend.features.shares import notices
from backend.features.shares.errors import CannotShareWithOwner, CannotShareWithYourself
from backend.features.shares.invitations import lock_address
from backend.features.shares.schemas import Share, ShareCreate
from backend.features.tree.schemas import RoleName
from backend.kit.cursors import decode_cursor, encode_cursor
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Grant, User
from backend.rules import access, audit
from backend.rules.account_lock import hold_open
from backend.rules.actor import Actor
from backend.rules.principal import Principal


async def share(
    tx: Transaction,
    settings: Settings,
    principal: Principal,
    node_id: UUID,
    new: ShareCreate,
    *,
    kind: NodeKind,
) -> Share:
    """Give a person a role on a file or folder; sharing again sets the role anew.

    An address without a verified account is invited. Whoever is new is told by mail.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
        CannotShareWithOwner, CannotShareWithYourself: their role cannot be set.
    """
    await hold_open(tx, principal, node_id)
    node = await access.require(tx, principal.user_id, node_id, Role.OWNER, kind=kind)
    await lock_address(tx, new.email)
    account = await _account(tx, new.email)
    if account is not None:
        _refuse_insiders(account.id, node.space_id, principal.user_id)
    verified = account is not None and account.email_verified_at is not None
    grantee = {"user_id": account.id} if account and verified else {"email": new.email}
    grant = await _grant(tx, principal, node_id, Role[new.role.upper()], grantee)
    await _record(tx, principal, "share.created" if grant.created else "share.updated", grant)
    if grant.created and await _has_proved_address(tx, principal.user_id):
        notice = notices.shared(settings.public_url, principal, node, new, known=verified)
        once = f"share {principal.user_id} {node_id} {new.email}"
        await enqueue_mail(tx, notice, dedupe_key=once)
    return await _get(tx, grant.id)


async def _has_proved_address(tx: Transaction, user_id: UUID) -> bool:
    """Whether mail may go out in their name: till then anybody may have registered it."""
    query = select(User.email_verified_at).where(User.id == user_id)
    return (await tx.execute(query)).scalar_one() is not None


async def _account(tx: Transaction, email: str) -> Row[Any] | None:
    query: Select[*tuple[Any, ...]] = select(User.id, User.email_verified_at)
    return (await tx.execute(query.where(func.lower(User.email) == email))).first()


def _refuse_insiders(grantee_id: UUID, owner_id: UUID, caller_id: UUID) -> None:
    if grantee_id == owner_id:
        raise CannotShareWithOwner
    if grantee_id == caller_id:
        raise CannotShareWithYourself


async def _grant(
    tx: Transaction,
    principal: Principal,
    node_id: UUID,
    role: Role,
    grantee: dict[str, Any],
) -> Row[Any]:
    """Add the grant or set its role; `created` says which."""
    target = Grant.user_id if "user_id" in grantee else func.lower(Grant.email)
    added = insert(Grant).values(
        node_id=node_id, role=role, created_by=principal.user_id, **grantee
    )
    # xmax is 0 in a row version that no update has made.
    created = literal_column("xmax = 0", Boolean()).label("created")
    granted = await tx.execute(
        added.on_conflict_do_update(
            index_elements=[target, Grant.node_id], set_={"role": added.excluded.role}
        ).returning(*Grant.__table__.columns, created)
    )
    return granted.one()


async def list_shares(
    db: Db, principal: Principal, node_id: UUID, *, kind: NodeKind, limit: int, cursor: str | None
) -> Page[Share]:
    """Whom the node itself is shared with, oldest first; not whom its parents are shared with.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
    """
    await access.require(db, principal.user_id, node_id, Role.OWNER, kind=kind)
    query = _shares().where(Grant.node_id == node_id).order_by(Grant.id).limit(limit + 1)
    if cursor:
        (last_id,) = decode_cursor(cursor, UUID)
        query = query.where(Grant.id > last_id)
    rows = (await db.execute(query)).all()
    page, next_cursor = cut_page(rows, limit, lambda row: encode_cursor(row.id))
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


async def change_role(
    tx: Transaction, principal: Principal, share_id: UUID, role: RoleName
) -> Share:
    """Set the role of a share.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
    """
    node_id = (await _find(tx, share_id)).node_id
    await access.require(tx, principal.user_id, node_id, Role.OWNER)
    changed = await tx.execute(
        update(Grant)
        .where(Grant.id == share_id)
        .values(role=Role[role.upper()])
        .returning(*Grant.__table__.columns)
    )
    if (grant := changed.first()) is None:
        raise NotFound
    await _record(tx, principal, "share.updated", grant)
    return await _get(tx, share_id)


async def remove(tx: Transaction, principal: Principal, share_id: UUID) -> None:
    """End a share: an owner ends anyone's, everyone may leave by ending their own.

    Raises:
        NotFound, RoleRequired: the share is somebody else's and the caller does not own the node.
    """
    grant = await _find(tx, share_id)
    if grant.user_id != principal.user_id:
        await access.require(tx, principal.user_id, grant.node_id, Role.OWNER)
    if not await remove_shares(tx, principal.actor, Grant.id == share_id):
        raise NotFound


async def remove_shares(tx: Transaction, actor: Actor, *which: ColumnElement[bool]) -> int:
    """End shares and invitations that meet all conditions in `which`; return how many."""
    gone = delete(Grant).where(*which).returning(*Grant.__table__.columns)
    removed = [(grant.id, _told(grant)) for grant in await tx.execute(gone)]
    await audit.record_all(tx, actor, "share.removed", removed)
    return len(removed)


def _shares() -> Select[*tuple[Any, ...]]:
    return select(
        Grant.id,
        Grant.node_id,
        Grant.user_id,
        Grant.role,
        Grant.created_at,
        func.coalesce(User.email, Grant.email).label("email"),
    ).outerjoin(User, User.id == Grant.user_id)


async def _find(db: Db, share_id: UUID) -> Row[Any]:
    found = (await db.execute(_shares().where(Grant.id == share_id))).first()
    if found is None:
        raise NotFound
    return found


async def _get(db: Db, share_id: UUID) -> Share:
    return _present(await _find(db, share_id))


def _present(row: Row[Any]) -> Share:
    return Share(
        id=row.id,
        node_id=row.node_id,
        email=row.email,
        user_id=row.user_id,
        role=row.role.name.lower(),
        state="active" if row.user_id else "invited",
        created_at=row.created_at,
    )


async def _record(tx: Transaction, principal: Principal, action: str, grant: Row[Any]) -> None:
    await audit.record(tx, principal.actor, action, grant.id, **_told(grant))


def _told(grant: Row[Any]) -> dict[str, str | None]:
    return {
        "node_id": str(grant.node_id),
        "user_id": str(grant.user_id) if grant.user_id else None,
        "role": grant.role.name.lower(),
    }
