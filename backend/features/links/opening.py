"""Opening a link by its token: is it still valid, and is it unlocked?"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, bindparam, func, literal, or_, select

from backend.core.database.engine import fetch_one
from backend.core.database.prepared import Prepared
from backend.core.database.rows import Db
from backend.core.errors import Unauthorized
from backend.core.secrets.access_tokens import IssuedToken, TokenSigner
from backend.features.links.errors import (
    DownloadsExhausted,
    LinkExpired,
    LinkNotFound,
    LinkRevoked,
    PasswordRequired,
)
from backend.kit.tokens import token_hash
from backend.kit.vocabulary import NodeKind, Role
from backend.models import (
    Link,
    Node,
    User,
    live,
)
from backend.rules import access

AUDIENCE = "link"
"""Unlock tokens open a link and nothing else: the API's own audience is different."""
UNLOCKED_FOR = timedelta(hours=1)


class OpenedLink(NamedTuple):
    """A valid link, with what it leads to."""

    id: UUID
    node_id: UUID
    password_hash: str | None
    expires_at: datetime | None
    max_downloads: int | None
    download_count: int
    revoked_at: datetime | None
    expired: bool
    kind: NodeKind
    name: str
    size: int
    content_type: str | None


async def find_link(db: Db, token: str) -> OpenedLink:
    """The link behind `token`, with the name, kind, size and type of its node.

    Raises:
        LinkNotFound: it is unknown, or its node is no longer available.
        LinkRevoked, LinkExpired, DownloadsExhausted: it has ended.
    """
    found = await fetch_one(db, _BY_TOKEN, token_hash=token_hash(token))
    return _checked(found)


async def find_again(db: Db, link: OpenedLink) -> OpenedLink:
    """The current state of a link found earlier; raises as `find_link` does."""
    found = await fetch_one(db, _BY_ID, id=link.id)
    return _checked(found)


def _checked(link: OpenedLink | None) -> OpenedLink:
    if link is None:
        raise LinkNotFound
    if link.revoked_at is not None:
        raise LinkRevoked
    if link.expired:
        raise LinkExpired
    if link.max_downloads is not None and link.download_count >= link.max_downloads:
        raise DownloadsExhausted
    return link


def _standing() -> Select[*tuple[Any, ...]]:
    """Links whose node is still available.

    Nobody can pass on access they have lost: a link is valid only while its node is not in the
    trash and its creator is active and still an owner of the node.
    """
    expired = func.coalesce(Link.expires_at <= func.now(), False).label("expired")
    return (
        select(
            Link.id,
            Link.node_id,
            Link.password_hash,
            Link.expires_at,
            Link.max_downloads,
            Link.download_count,
            Link.revoked_at,
            expired,
        )
        .add_columns(Node.kind, Node.name, Node.size, Node.content_type)
        .join(Node, Node.id == Link.node_id)
        .join(User, User.id == Link.created_by)
        .where(live, User.is_active, access.inherited_role(Link.created_by) == Role.OWNER)
    )


_BY_TOKEN = Prepared(OpenedLink, _standing().where(Link.token_hash == bindparam("token_hash")))
_BY_ID = Prepared(OpenedLink, _standing().where(Link.id == bindparam("id")))


async def open_link(
    db: Db, tokens: TokenSigner, token: str, unlock_token: str | None
) -> OpenedLink:
    """The link behind `token`, if it has no password or `unlock_token` proves it was given.

    Raises:
        PasswordRequired: it is locked; otherwise as `find_link`.
    """
    link = await find_link(db, token)
    if not is_unlocked(tokens, link, unlock_token):
        raise PasswordRequired
    return link


def is_unlocked(tokens: TokenSigner, link: OpenedLink, unlock_token: str | None) -> bool:
    """Whether the link has no password, or the token proves the current one was given."""
    if link.password_hash is None:
        return True
    if unlock_token is None:
        return False
    try:
        claims = tokens.verify(unlock_token, AUDIENCE)
    except Unauthorized:
        return False
    of_link = claims["sub"] == str(link.id)
    return of_link and hmac.compare_digest(str(claims.get("pwd")), _fingerprint(link))


def issue_unlock_token(tokens: TokenSigner, link: OpenedLink) -> IssuedToken:
    """A token for one link, worthless once the link's password changes."""
    claims = {"pwd": _fingerprint(link)}
    return tokens.issue(str(link.id), AUDIENCE, UNLOCKED_FOR, claims)


def _fingerprint(link: OpenedLink) -> str:
    """Identifies the current password. It hashes a salted hash, so it reveals nothing."""
    return hashlib.sha256(str(link.password_hash).encode()).hexdigest()[:32]


def below(root_id: UUID) -> ColumnElement[bool]:
    """SQL: the selected node is the link's node or is anywhere below it."""
    return or_(Node.id == root_id, literal(root_id) == any_(Node.path))
