"""What the measured requests work on: people, a folder of files, a share link."""

from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import text

from backend.core.services import Services
from backend.features.files.versions import NewVersion, add_version
from backend.features.tree.placement import create_node, target_folder
from backend.features.users.accounts import create_user
from backend.kit.vocabulary import NodeKind
from backend.rules.actor import SYSTEM

PEOPLE = 64
"""As many as clients: each has a quota row of their own, as in life."""
FILES = 1_000
PASSWORD = "seven grey herons"


@dataclass(frozen=True, slots=True)
class World:
    """Tokens, one for each person, and what the first of them owns."""

    tokens: list[str]
    user_ids: list[str]
    email: str
    link: str
    folder_id: UUID
    file_ids: list[UUID]


async def seed(services: Services, api: str) -> World:
    """Make it all; people sign in through the API, as clients do."""
    emails = [f"person{number}@example.com" for number in range(PEOPLE)]
    password_hash = await services.passwords.hash(PASSWORD)
    async with services.database.transaction() as tx:
        user_ids = [
            await create_user(tx, services.settings, SYSTEM, email, password_hash)
            for email in emails
        ]
    folder_id, file_ids = await _fill(services, user_ids[0])
    async with httpx.AsyncClient(base_url=api, timeout=60) as http:
        tokens = [await _sign_in(http, email) for email in emails]
        url, me = f"/v1/files/{file_ids[0]}/links", bearer(tokens[0])
        link = (await http.post(url, json={}, headers=me)).raise_for_status().json()["token"]
    await services.database.autocommit.execute(text("ANALYZE"))
    return World(tokens, list(map(str, user_ids)), emails[0], link, folder_id, file_ids)


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


async def _sign_in(http: httpx.AsyncClient, email: str) -> str:
    form = {"grant_type": "password", "username": email, "password": PASSWORD}
    answer = (await http.post("/v1/auth/token", data=form)).raise_for_status()
    token: str = answer.json()["access_token"]
    return token


async def _fill(services: Services, user_id: UUID) -> tuple[UUID, list[UUID]]:
    """Files without bytes: the API never looks at the bytes to read, list or sign."""
    file_ids = []
    async with services.database.transaction() as tx:
        root = await target_folder(tx, user_id, None)
        for number in range(FILES):
            name = f"report {number:04}.pdf"
            file_id = await create_node(tx, root, NodeKind.FILE, name, rename=False)
            await add_version(tx, file_id, _version(number, user_id))
            file_ids.append(file_id)
    return root.id, file_ids


def _version(number: int, user_id: UUID) -> NewVersion:
    return NewVersion(
        object_key=f"objects/20260101/{number:032}",
        size=12,
        content_type="application/pdf",
        etag="5eb63bbbe01eeed093cb22bb8f5acdc3",
        checksum_sha256=None,
        checksum_type=None,
        created_by=user_id,
    )
