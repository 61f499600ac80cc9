"""API keys for tests, and calls with them."""

from typing import Any

import httpx

from tests.support.people import Person, new_email
from tests.support.sharing import path_of
from tests.support.trees import Json, all_pages

READ, WRITE, SHARES = "files:read", "files:write", "shares:write"
ALL = (READ, WRITE, SHARES)


class Key:
    """An API key, and whoever calls with it."""

    def __init__(self, made: Json, owner: Person) -> None:
        self.id: str = made["id"]
        self._owner = owner
        self._headers = {"Authorization": f"Bearer {made['key']}"}

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self._owner.http.request(method, path, json=body, headers=self._headers)

    async def link(self, node: Json, **limits: Any) -> httpx.Response:
        return await self.ask("POST", f"{path_of(node)}/links", limits)

    async def share(self, node: Json, role: str, email: str = "") -> httpx.Response:
        body = {"email": email or new_email(), "role": role}
        return await self.ask("POST", f"{path_of(node)}/shares", body)

    async def grants(self) -> list[Json]:
        return await all_pages(self._owner, f"/v1/api-keys/{self.id}/grants")

    async def revoke(self, **query: Any) -> httpx.Response:
        return await self._owner.http.delete(f"/v1/api-keys/{self.id}", params=query)


async def key_of(person: Person, *scopes: str) -> Key:
    """A new key with these scopes."""
    made = await person.http.post("/v1/api-keys", json={"name": "leaked", "scopes": scopes})
    return Key(made.raise_for_status().json(), person)
