"""Sharing: who may do what with a file or folder, decided by its owners."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    case,
    delete,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from backend.core.database.engine import Transaction
from backend.core.database.keyset import ascending
from backend.core.database.rows import Db, columns, first, only, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.core.settings import Settings
from backend.features.mail.service import enqueue_mail
from backend.features.shares import notices
from backend.features.shares.errors import CannotShareWithOwner, CannotShareWithYourself
from backend.features.shares.invitations import lock_address
from backend.features.shares.schemas import Share, ShareCreate
from backend.features.tree.schemas import RoleName
from backend.kit.events import OfShare, ShareCreated, ShareRemoved, ShareUpdated
from backend.kit.vocabulary import NodeKind, Role, Scope
from backend.models import Grant, GrantRow, User
from backend.rules import access, events
from backend.rules.account_lock import hold_open
from backend.rules.actor import Actor
from backend.rules.principal import Principal, require_scopes

OLDEST = ascending(id=Grant.id)
SCOPES_OF = {
    Role.VIEWER: {Scope.FILES_READ},
    Role.EDITOR: {Scope.FILES_READ, Scope.FILES_WRITE},
    Role.OWNER: {Scope.FILES_READ, Scope.FILES_WRITE, Scope.SHARES_WRITE},
}
"""What a role lets its holder do: no credential gives more than it may do itself."""


class _Account(NamedTuple):
    id: UUID
    email_verified_at: datetime | None


class _Granted(NamedTuple):
    id: UUID
    node_id: UUID
    user_id: UUID | None
    role: Role
    created: bool


class ShareRow(NamedTuple):
    """A share with the address of whom it is for."""

    id: UUID
    node_id: UUID
    user_id: UUID | None
    role: Role
    created_at: datetime
    email: str


async def share(
    tx: Transaction,
    settings: Settings,
    principal: Principal,
    node_id: UUID,
    new: ShareCreate,
    *,
    kind: NodeKind,
) -> Share:
    """Give a person a role on a file or folder; sharing again sets the new role.

    An address without a verified account is invited. New recipients are notified by mail.

    Raises:
        ScopeRequired: the caller's credential may not do what the role allows.
        NotFound, RoleRequired: the caller does not own the node.
        CannotShareWithOwner, CannotShareWithYourself: their role cannot be set.
    """
    require_scopes(principal, SCOPES_OF[Role[new.role.upper()]])
    await hold_open(tx, principal, node_id)
    node = await access.require(tx, principal.user_id, node_id, Role.OWNER, kind=kind, hold=True)
    await lock_address(tx, new.email)
    account = await _account(tx, new.email)
    if account is not None:
        _refuse_insiders(account.id, node.space_id, principal.user_id)
    verified = account is not None and account.email_verified_at is not None
    grantee = {"user_id": account.id} if account and verified else {"email": new.email}
    grant = await _grant(tx, principal, node_id, Role[new.role.upper()], grantee)
    entry = ShareCreated if grant.created else ShareUpdated
    await _record(tx, principal, entry, grant)
    if grant.created and await _has_proved_address(tx, principal.user_id):
        notice = notices.shared(settings.public_url, principal, node, new, known=verified)
        once = f"share {principal.user_id} {node_id} {new.email}"
        await enqueue_mail(tx, notice, dedupe_key=once)
    return await _get(tx, grant.id)


async def _has_proved_address(tx: Transaction, user_id: UUID) -> bool:
    """Whether mail may go out in their name: until then, anyone may have registered it."""
    query = select(User.email_verified_at).where(User.id == user_id)
    return (await tx.execute(query)).scalar_one() is not None


async def _account(tx: Transaction, email: str) -> _Account | None:
    query = select(User.id, User.email_verified_at).where(func.lower(User.email) == email)
    return await first(tx, _Account, query)


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
) -> _Granted:
    """Add the grant or set its role; `created` says which."""
    target = Grant.user_id if "user_id" in grantee else func.lower(Grant.email)
    added = insert(Grant).values(
        node_id=node_id,
        role=role,
        created_by=principal.user_id,
        api_key_id=principal.api_key_id,
        **grantee,
    )
    role_and_giver = {"role": role, "api_key_id": _giver(principal, role)}
    # xmax is 0 in a row version that was inserted, not updated.
    created = literal_column("xmax = 0", Boolean()).label("created")
    granted = added.on_conflict_do_update(
        index_elements=[target, Grant.node_id], set_=role_and_giver
    )
    told = (Grant.id, Grant.node_id, Grant.user_id, Grant.role, created)
    return await only(tx, _Granted, granted.returning(*told))


def _giver(principal: Principal, role: Role) -> ColumnElement[UUID | None]:
    """The key that has given an existing grant the `role` it now gets; none for a session."""
    key_id = literal(principal.api_key_id, Grant.api_key_id.type)
    return case((Grant.role == role, Grant.api_key_id), else_=key_id)


async def list_shares(
    db: Db, principal: Principal, node_id: UUID, *, kind: NodeKind, limit: int, cursor: str | None
) -> Page[Share]:
    """The shares of the node itself, trashed or not, oldest first, without those of its parents.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
    """
    await access.require(db, principal.user_id, node_id, Role.OWNER, kind=kind, trashed=None)
    query = _shares().where(Grant.node_id == node_id)
    page, next_cursor = await OLDEST.fetch(db, ShareRow, query, limit, cursor)
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


async def change_role(
    tx: Transaction, principal: Principal, share_id: UUID, role: RoleName
) -> Share:
    """Set the role of a share, even of a trashed node: an editor can restore it.

    Raises:
        ScopeRequired: the caller's credential may not do what the role allows.
        NotFound, RoleRequired: the caller does not own the node.
    """
    given = Role[role.upper()]
    require_scopes(principal, SCOPES_OF[given])
    node_id = (await find_share(tx, share_id)).node_id
    await hold_open(tx, principal, node_id)
    await access.require(tx, principal.user_id, node_id, Role.OWNER, trashed=None)
    changed = (
        update(Grant)
        .where(Grant.id == share_id)
        .values(role=given, api_key_id=_giver(principal, given))
        .returning(*columns(GrantRow, Grant))
    )
    if (grant := await first(tx, GrantRow, changed)) is None:
        raise NotFound
    await _record(tx, principal, ShareUpdated, grant)
    return await _get(tx, share_id)


async def remove_shares(
    tx: Transaction, actor: Actor, *which: ColumnElement[bool], ended_with: UUID | None = None
) -> list[GrantRow]:
    """End shares and invitations that meet all conditions in `which`; return what they were."""
    gone = delete(Grant).where(*which).returning(*columns(GrantRow, Grant))
    removed = await rows(tx, GrantRow, gone)
    told = [(it.id, _removed(it, ended_with), it.node_id) for it in removed]
    await events.record_all(tx, actor, told)
    return removed


def _removed(grant: GrantRow, ended_with: UUID | None) -> ShareRemoved:
    return ShareRemoved(
        node_id=grant.node_id, user_id=grant.user_id, role=grant.role, ended_with=ended_with
    )


def _shares() -> Select[*tuple[Any, ...]]:
    return select(
        Grant.id,
        Grant.node_id,
        Grant.user_id,
        Grant.role,
        Grant.created_at,
        func.coalesce(User.email, Grant.email).label("email"),
    ).outerjoin(User, User.id == Grant.user_id)


async def find_share(db: Db, share_id: UUID) -> ShareRow:
    """A share, whoever asks.

    Raises:
        NotFound: there is none.
    """
    found = await first(db, ShareRow, _shares().where(Grant.id == share_id))
    if found is None:
        raise NotFound
    return found


async def _get(db: Db, share_id: UUID) -> Share:
    return _present(await find_share(db, share_id))


def _present(row: ShareRow) -> Share:
    return Share(
        id=row.id,
        node_id=row.node_id,
        email=row.email,
        user_id=row.user_id,
        role=row.role.name.lower(),
        state="active" if row.user_id else "invited",
        created_at=row.created_at,
    )


async def _record(
    tx: Transaction, principal: Principal, entry: type[OfShare], grant: GrantRow | _Granted
) -> None:
    told = _entry(entry, grant)
    await events.record(tx, principal.actor, grant.id, told, node_id=grant.node_id)


def _entry(entry: type[OfShare], grant: GrantRow | _Granted) -> OfShare:
    return entry(node_id=grant.node_id, user_id=grant.user_id, role=grant.role)
