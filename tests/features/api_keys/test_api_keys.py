from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from backend.core.services import Services
from backend.models import ApiKey, User
from tests.support.people import Person, Register, until


async def make_key(person: Person, *scopes: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Nightly backup", "scopes": scopes or ("files:read",), **fields}
    answer = await person.http.post("/v1/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def call(
    person: Person, key: str, path: str = "/v1/users/me", method: str = "GET"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return await person.http.request(method, path, headers=headers)


class TestCreate:
    async def test_shows_the_key_once(self, register: Register) -> None:
        ada = await register()

        made = await make_key(ada, "files:read", "files:write")
        listed = (await ada.http.get("/v1/api-keys")).json()["items"]

        assert made["key"].startswith("wu_")
        assert made["key"].startswith(made["prefix"])
        assert made["scopes"] == ["files:read", "files:write"]
        assert made["last_used_at"] is None
        assert listed == [{name: made[name] for name in made if name != "key"}]

    async def test_repeated_with_its_idempotency_key_shows_the_same_key(
        self, register: Register
    ) -> None:
        ada = await register()
        body = {"name": "x", "scopes": ["files:read"]}
        headers = {"Idempotency-Key": str(uuid4())}

        first = await ada.http.post("/v1/api-keys", json=body, headers=headers)
        again = await ada.http.post("/v1/api-keys", json=body, headers=headers)

        assert again.json() == first.json()
        assert len((await ada.http.get("/v1/api-keys")).json()["items"]) == 1

    async def test_gives_no_scope_that_the_owner_lacks(self, register: Register) -> None:
        ada = await register()

        body = {"name": "x", "scopes": ["files:read", "admin"]}
        answer = await ada.http.post("/v1/api-keys", json=body)

        assert answer.status_code == 403
        assert answer.json()["code"] == "scope_not_yours"

    @pytest.mark.parametrize(
        "fields",
        [
            {"scopes": []},
            {"scopes": ["files:all"]},
            {"scopes": "files:read"},
            {"name": ""},
            {"name": "a\nb"},
            {"name": "x" * 101},
            {"expires_at": "2020-01-01T00:00:00Z"},
            {"expires_at": "2030-01-01T00:00:00"},
            {"expires_at": "9999-12-31T23:59:59-12:00"},
            {"user_id": str(uuid4())},
        ],
    )
    async def test_refuses_what_makes_no_sense(
        self, register: Register, fields: dict[str, Any]
    ) -> None:
        ada = await register()

        body = {"name": "x", "scopes": ["files:read"], **fields}
        answer = await ada.http.post("/v1/api-keys", json=body)

        assert answer.status_code == 422
        assert (await ada.http.get("/v1/api-keys")).json()["items"] == []


class TestUse:
    async def test_speaks_for_its_owner(self, register: Register) -> None:
        ada = await register()
        key = (await make_key(ada))["key"]

        assert (await call(ada, key)).json()["id"] == ada.id

    async def test_is_noted(self, register: Register) -> None:
        ada = await register()
        await call(ada, (await make_key(ada))["key"])

        (listed,) = (await ada.http.get("/v1/api-keys")).json()["items"]

        assert listed["last_used_at"] is not None

    async def test_allows_nothing_beyond_its_scopes(self, register: Register) -> None:
        ada = await register()
        key = (await make_key(ada, "shares:write"))["key"]

        answer = await call(ada, key, "/v1/users/me/usage")

        assert answer.status_code == 403
        assert answer.json()["code"] == "scope_required"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/api-keys"),
            ("GET", "/v1/auth/sessions"),
            ("DELETE", "/v1/auth/sessions/0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"),
            ("DELETE", "/v1/api-keys/0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"),
            ("DELETE", "/v1/users/me"),
        ],
    )
    async def test_never_reaches_credentials(
        self, register: Register, method: str, path: str
    ) -> None:
        ada = await register()
        key = (await make_key(ada, "files:read", "files:write", "shares:write"))["key"]

        answer = await call(ada, key, path, method)

        assert answer.status_code == 403
        assert answer.json()["code"] == "session_required"

    async def test_ends_when_it_expires(self, register: Register, services: Services) -> None:
        ada = await register()
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        made = await make_key(ada, expires_at=soon)
        assert (await call(ada, made["key"])).status_code == 200

        past = update(ApiKey).where(ApiKey.id == UUID(made["id"]))
        await services.database.autocommit.execute(past.values(expires_at=datetime.now(UTC)))

        await until(401, lambda: call(ada, made["key"]))

    async def test_loses_the_admin_scope_with_the_role(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        await set_role(services, ada, "admin")
        await until(200, lambda: ada.http.get("/v1/admin/stats"))
        key = (await make_key(ada, "admin"))["key"]
        await set_role(services, ada, "user")
        await until(403, lambda: ada.http.get("/v1/admin/stats"))

        body = {"name": "x", "scopes": ["admin"]}
        assert (await ada.http.post("/v1/api-keys", json=body)).status_code == 403
        assert (await call(ada, key, "/v1/users/me/usage")).status_code == 403

    @pytest.mark.parametrize("key", ["wu_", "wu_x", "wu_" + "x" * 43, "wu_%00", "WU_x"])
    async def test_of_an_unknown_key_is_refused(self, register: Register, key: str) -> None:
        ada = await register()

        assert (await call(ada, key)).status_code == 401


class TestRevoke:
    async def test_works_at_once(self, register: Register) -> None:
        ada = await register()
        made = await make_key(ada)

        answer = await ada.http.delete(f"/v1/api-keys/{made['id']}")

        assert answer.status_code == 204
        assert (await call(ada, made["key"])).status_code == 401

    async def test_of_somebody_elses_key_is_not_found(self, register: Register) -> None:
        ada, bob = await register(), await register()
        made = await make_key(bob)

        assert (await ada.http.delete(f"/v1/api-keys/{made['id']}")).status_code == 404
        assert (await call(bob, made["key"])).status_code == 200


class TestList:
    async def test_comes_in_pages(self, register: Register) -> None:
        ada = await register()
        for _ in range(3):
            await make_key(ada)

        first = (await ada.http.get("/v1/api-keys?limit=2")).json()
        query = {"limit": 2, "cursor": first["next_cursor"]}
        second = (await ada.http.get("/v1/api-keys", params=query)).json()

        assert len({key["id"] for key in first["items"] + second["items"]}) == 3
        assert second["next_cursor"] is None

    @pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "W10", "%00"])
    async def test_refuses_a_cursor_that_was_tampered_with(
        self, register: Register, cursor: str
    ) -> None:
        ada = await register()

        answer = await ada.http.get("/v1/api-keys", params={"cursor": cursor})

        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_cursor"


async def set_role(services: Services, person: Person, role: str) -> None:
    change = update(User).where(User.id == UUID(person.id)).values(role=role)
    await services.database.autocommit.execute(change)
