"""Shares and links for tests, made through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from backend.core.services import Services
from backend.models import Link
from tests.support.people import Person

Json = dict[str, Any]


def path_of(node: Json) -> str:
    """Where a file or folder is addressed."""
    return f"/v1/{node['kind']}s/{node['id']}"


async def share(owner: Person, node: Json, email: str, role: str = "viewer") -> httpx.Response:
    """Share a file or folder."""
    body = {"email": email, "role": role}
    return await owner.http.post(f"{path_of(node)}/shares", json=body)


async def make_link(owner: Person, node: Json, **limits: Any) -> Json:
    """A link with its token and URL."""
    answer = await owner.http.post(f"{path_of(node)}/links", json=limits)
    assert answer.status_code == 201, answer.text
    link: Json = answer.json()
    return link


def public(link: Json, rest: str = "") -> str:
    """Where recipients reach a link."""
    return f"/v1/public/links/{link['token']}{rest}"


def code(answer: httpx.Response) -> str:
    """`410 link_revoked`."""
    return f"{answer.status_code} {answer.json()['code']}"


async def expire(services: Services, link: Json) -> None:
    """Let a link's time run out: through the API no expiry can lie in the past."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    ended = update(Link).where(Link.id == UUID(link["id"])).values(expires_at=past)
    await services.database.autocommit.execute(ended)
