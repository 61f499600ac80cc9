"""How owners manage links: create, list, change, revoke."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update

from backend.core.database.engine import Transaction
from backend.core.database.keyset import descending
from backend.core.database.requests import RequestTransaction
from backend.core.database.rows import Db, columns, first, only, rows
from backend.core.errors import NotFound
from backend.core.http.schema import Page
from backend.core.services import Services
from backend.features.links import errors
from backend.features.links.schemas import CreatedLink, Link, LinkCreate, LinkUpdate
from backend.kit.events import Entry, LinkCreated, LinkRevoked, LinkUpdated
from backend.kit.ids import uuid7
from backend.kit.tokens import new_token, token_hash
from backend.kit.vocabulary import NodeKind, Role
from backend.models import Link as LinkTable
from backend.models import LinkRow, Node
from backend.rules import access, events
from backend.rules.account_lock import hold_open
from backend.rules.actor import Actor
from backend.rules.principal import Principal

NEWEST = descending(id=LinkTable.id)
LIMITS = ("expires_at", "password", "max_downloads")


async def create(
    services: Services,
    late: RequestTransaction,
    principal: Principal,
    node_id: UUID,
    new: LinkCreate,
    *,
    kind: NodeKind,
) -> CreatedLink:
    """Create a link to a file or folder; its token is returned here and never again.

    It expires after LINK_DEFAULT_TTL unless the caller says when, or that it never does.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
    """
    new = _with_default_expiry(new, services.settings.link_default_ttl)
    hashed = await _hashed(services, principal, new.password)
    tx = await late.open()
    await hold_open(tx, principal, node_id)
    await access.require(tx, principal.user_id, node_id, Role.OWNER, kind=kind, hold=True)
    token, link_id = new_token(), uuid7()
    made = (
        insert(LinkTable)
        .values(
            id=link_id,
            node_id=node_id,
            created_by=principal.user_id,
            api_key_id=principal.api_key_id,
            token_hash=token_hash(token),
            password_hash=hashed,
            expires_at=new.expires_at,
            max_downloads=new.max_downloads,
        )
        .returning(*columns(LinkRow, LinkTable))
    )
    link = await only(tx, LinkRow, made)
    limits = tuple(name for name in LIMITS if getattr(new, name) is not None)
    await _record(tx, principal, link, LinkCreated(node_id=node_id, limits=limits))
    url = f"{services.settings.public_url}/s/{token}"
    return CreatedLink(**_present(link).model_dump(), token=token, url=url)


def _with_default_expiry(new: LinkCreate, ttl: timedelta | None) -> LinkCreate:
    if ttl is None or "expires_at" in new.model_fields_set:
        return new
    return new.model_copy(update={"expires_at": datetime.now(UTC) + ttl})


async def list_links(
    db: Db, principal: Principal, node_id: UUID | None, limit: int, cursor: str | None
) -> Page[Link]:
    """The caller's links, or all links of one node the caller owns; newest first.

    Raises:
        NotFound, RoleRequired: the caller does not own the node.
    """
    query = select(*columns(LinkRow, LinkTable))
    if node_id is None:
        query = query.where(LinkTable.created_by == principal.user_id)
    else:
        await access.require(db, principal.user_id, node_id, Role.OWNER)
        query = query.where(LinkTable.node_id == node_id)
    page, next_cursor = await NEWEST.fetch(db, LinkRow, query, limit, cursor)
    return Page(items=[_present(row) for row in page], next_cursor=next_cursor)


async def get(db: Db, principal: Principal, link_id: UUID) -> Link:
    """One link.

    Raises:
        NotFound: the link was not created by the caller and does not lead to a node they own.
    """
    found = await first(db, LinkRow, _manageable(principal.user_id, link_id))
    if found is None:
        raise NotFound
    return _present(found)


async def _hashed(services: Services, principal: Principal, password: str | None) -> str | None:
    """The hash of a link's password, to be stored.

    Raises:
        TooManyRequests: the user sets too many; hashing takes threads that sign-ins need.
    """
    if not password:
        return None
    rate = services.settings.sharing.password_rate
    await services.limiter.hit(rate, "link password set", str(principal.user_id))
    return await services.passwords.hash(password)


async def change(
    services: Services,
    late: RequestTransaction,
    principal: Principal,
    link_id: UUID,
    wanted: LinkUpdate,
) -> Link:
    """Set or remove limits. A new password invalidates tokens unlocked with the old one.

    Raises:
        NotFound: as for `get`.
        LinkRevoked: a revoked link cannot be changed.
        BelowDownloadCount: the new maximum is below the number of downloads so far.
    """
    values = wanted.model_dump(exclude_unset=True)
    changed_fields = tuple(sorted(values))
    if "password" in values:
        values["password_hash"] = await _hashed(services, principal, values.pop("password"))
    tx = await late.open()
    link = await _lock(tx, principal, link_id)
    if link.revoked_at is not None:
        raise errors.LinkRevoked
    if (cap := values.get("max_downloads")) is not None and cap < link.download_count:
        raise errors.BelowDownloadCount
    if not values:
        return _present(link)
    changed = (
        update(LinkTable)
        .where(LinkTable.id == link_id)
        .values(values)
        .returning(*columns(LinkRow, LinkTable))
    )
    updated = LinkUpdated(node_id=link.node_id, changed=changed_fields)
    await _record(tx, principal, link, updated)
    return _present(await only(tx, LinkRow, changed))


async def revoke(tx: Transaction, principal: Principal, link_id: UUID) -> None:
    """Revoke a link, immediately and permanently. Revoking it again changes nothing.

    Raises:
        NotFound: as for `get`.
    """
    await _lock(tx, principal, link_id)
    await revoke_links(tx, principal.actor, LinkTable.id == link_id)


async def revoke_links(
    tx: Transaction, actor: Actor, *which: ColumnElement[bool], ended_with: UUID | None = None
) -> None:
    """Revoke the links that meet all conditions in `which`, perhaps because a share ended."""
    ended = (
        update(LinkTable)
        .where(*which, LinkTable.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(*columns(LinkRow, LinkTable))
    )
    revoked = [
        (it.id, LinkRevoked(node_id=it.node_id, ended_with=ended_with), it.node_id)
        for it in await rows(tx, LinkRow, ended)
    ]
    await events.record_all(tx, actor, revoked)


def _manageable(user_id: UUID, link_id: UUID) -> Select[*tuple[Any, ...]]:
    """A link, for its creator and for every owner of its node, even a trashed one."""
    return (
        select(*columns(LinkRow, LinkTable))
        .join(Node, Node.id == LinkTable.node_id)
        .where(
            LinkTable.id == link_id,
            or_(
                LinkTable.created_by == user_id,
                access.inherited_role(user_id) == Role.OWNER,
            ),
        )
    )


async def _lock(tx: Transaction, principal: Principal, link_id: UUID) -> LinkRow:
    query = _manageable(principal.user_id, link_id).with_for_update(of=LinkTable)
    if (link := await first(tx, LinkRow, query)) is None:
        raise NotFound
    return link


def _present(row: LinkRow) -> Link:
    return Link(
        id=row.id,
        node_id=row.node_id,
        has_password=row.password_hash is not None,
        expires_at=row.expires_at,
        max_downloads=row.max_downloads,
        download_count=row.download_count,
        revoked_at=row.revoked_at,
        created_at=row.created_at,
    )


async def _record(tx: Transaction, principal: Principal, link: LinkRow, entry: Entry) -> None:
    await events.record(tx, principal.actor, link.id, entry, node_id=link.node_id)
