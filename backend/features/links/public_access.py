"""What a recipient does with a link: look, unlock, download."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, update

from backend.core.database.engine import Transaction
from backend.core.database.rows import Db, first
from backend.core.errors import NotFound
from backend.core.secrets.access_tokens import IssuedToken
from backend.core.services import Services
from backend.features.files.downloads import LINKED_DOWNLOAD, DownloadRow, sign
from backend.features.links.errors import FileRequired, PasswordRequired, WrongPassword
from backend.features.links.opening import (
    OpenedLink,
    below,
    find_again,
    find_link,
    is_unlocked,
    issue_unlock_token,
)
from backend.features.links.password_limits import Guess
from backend.features.links.schemas import PublicLink
from backend.kit.addresses import client_network
from backend.kit.events import LinkDownloaded
from backend.kit.vocabulary import ActorKind, NodeKind
from backend.models import Link, Node
from backend.rules import events
from backend.rules.actor import Actor


def describe(services: Services, link: OpenedLink, unlock_token: str | None) -> PublicLink:
    """What the recipient may know; until the password is given, only that one is needed."""
    if not is_unlocked(services.tokens, link, unlock_token):
        return PublicLink(
            kind=None, name=None, needs_password=True, expires_at=None, downloads_left=None
        )
    is_file, cap = link.kind is NodeKind.FILE, link.max_downloads
    return PublicLink(
        kind=link.kind,
        name=link.name,
        size=link.size if is_file else None,
        content_type=link.content_type if is_file else None,
        needs_password=False,
        expires_at=link.expires_at,
        downloads_left=None if cap is None else cap - link.download_count,
    )


async def unlock(services: Services, token: str, password: str, visitor: Actor) -> IssuedToken:
    """Exchange the link's password for a short-lived token; without a password anyone gets one.

    Raises:
        WrongPassword: the password is wrong.
        TooManyRequests: there were too many wrong ones, from this network or in total.
        LinkNotFound, Gone: as `find_link`.
    """
    link = await find_link(services.database.autocommit, token)
    if link.password_hash is not None:
        network = client_network(visitor.ip)
        guess = Guess(services.limiter, services.settings.sharing, link.id, network)
        await guess.attempt()
        if not await services.passwords.verify(password, link.password_hash):
            await guess.failed()
            raise WrongPassword
        await guess.succeeded()
    return issue_unlock_token(services.tokens, link)


async def download(
    services: Services, link: OpenedLink, file_id: UUID | None, visitor: Actor
) -> dict[str, Any]:
    """Count one download and return its URL.

    What is counted is the URL: until it expires, the file may be fetched again or in pieces, as
    resumed downloads do.

    Raises:
        FileRequired: it is a folder link and no file is named.
        NotFound: there is no such file in this link.
        TooManyRequests: there were too many downloads from this network.
        Gone, PasswordRequired: meanwhile the link ended or its password changed.
    """
    rate = services.settings.sharing.download_rate
    await services.limiter.hit(rate, "link download", client_network(visitor.ip))
    file = await _find_file(services.database.autocommit, link, file_id)
    # Sign first: it changes nothing, and a URL that cannot be signed must not be counted.
    signed = sign(services.presigner, file, services.settings.download_url_ttl, "attachment")
    actor = replace(visitor, kind=ActorKind.LINK, id=link.id)
    async with services.database.transaction() as tx:
        await _count_download(tx, link)
        downloaded = LinkDownloaded(node_id=file.id)
        await events.record(tx, actor, link.id, downloaded, node_id=file.id)
    return signed


async def _find_file(db: Db, link: OpenedLink, file_id: UUID | None) -> DownloadRow:
    if file_id is None and link.kind == NodeKind.FOLDER:
        raise FileRequired
    wanted = file_id or link.node_id
    query = LINKED_DOWNLOAD.where(Node.id == wanted, below(link.node_id))
    if (file := await first(db, DownloadRow, query)) is None:
        raise NotFound("There is no such file in this link.")
    return file


async def _count_download(tx: Transaction, link: OpenedLink) -> None:
    """Use up one download: one conditional UPDATE, exact under any concurrency."""
    counted = await tx.execute(
        update(Link)
        .where(
            Link.id == link.id,
            Link.revoked_at.is_(None),
            Link.password_hash.is_not_distinct_from(link.password_hash),
            or_(Link.expires_at.is_(None), Link.expires_at > func.now()),
            or_(Link.max_downloads.is_(None), Link.download_count < Link.max_downloads),
        )
        .values(download_count=Link.download_count + 1)
        .returning(Link.id)
    )
    if counted.first() is None:
        await find_again(tx, link)  # raises the reason the link has ended
        raise PasswordRequired  # it is still valid, so the password has changed
