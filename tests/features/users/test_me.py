from uuid import UUID

import pytest
from sqlalchemy import select, update

from backend.core.services import Services
from backend.models import Node, Space, User
from tests.support.jobs import run_jobs
from tests.support.people import Register, sign_in


class TestMe:
    async def test_shows_the_account_of_the_caller(self, register: Register) -> None:
        ada = await register(display_name="Ada")

        me = (await ada.http.get("/v1/users/me")).json()

        assert me["id"] == ada.id
        assert me["email"] == ada.email
        assert me["display_name"] == "Ada"
        assert me["role"] == "user"
        assert me["email_verified"] is False


class TestChangeProfile:
    async def test_sets_and_removes_the_display_name(self, register: Register) -> None:
        ada = await register()

        named = await ada.http.patch("/v1/users/me", json={"display_name": "Ada L."})
        unnamed = await ada.http.patch("/v1/users/me", json={"display_name": None})

        assert named.json()["display_name"] == "Ada L."
        assert unnamed.json()["display_name"] is None

    @pytest.mark.parametrize(
        "field",
        [
            *["role", "email", "quota_bytes", "used_bytes", "is_active", "email_verified"],
            *["email_verified_at", "password_hash", "id", "created_at"],
        ],
    )
    async def test_takes_no_other_field(self, register: Register, field: str) -> None:
        ada = await register(display_name="Ada")
        before = (await ada.http.get("/v1/users/me")).json()

        change = {"display_name": "Eve", field: "admin"}
        answer = await ada.http.patch("/v1/users/me", json=change)

        assert answer.status_code == 422
        assert (await ada.http.get("/v1/users/me")).json() == before


class TestUsage:
    async def test_of_a_new_account_is_nothing(self, register: Register) -> None:
        ada = await register()

        assert (await ada.http.get("/v1/users/me/usage")).json() == {
            "quota_bytes": 10 * 1024**3,
            "used_bytes": 0,
            "reserved_bytes": 0,
            "available_bytes": 10 * 1024**3,
            "file_count": 0,
        }

    async def test_is_never_below_nothing_available(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        lowered = {"quota_bytes": 10, "used_bytes": 8, "reserved_bytes": 7}
        change = update(Space).where(Space.id == UUID(ada.id)).values(lowered)
        await services.database.autocommit.execute(change)

        usage = (await ada.http.get("/v1/users/me/usage")).json()

        assert usage["available_bytes"] == 0


class TestLeave:
    async def test_ends_every_credential(self, register: Register) -> None:
        ada = await register()
        key = await ada.http.post("/v1/api-keys", json={"name": "x", "scopes": ["files:read"]})

        answer = await ada.http.delete("/v1/users/me")

        refresh = {"refresh_token": ada.tokens["refresh_token"]}
        by_key = {"Authorization": f"Bearer {key.json()['key']}"}
        assert answer.status_code == 204
        assert (await ada.http.get("/v1/users/me")).status_code == 401
        assert (await ada.http.get("/v1/users/me", headers=by_key)).status_code == 401
        assert (await ada.http.post("/v1/auth/refresh", json=refresh)).status_code == 401
        assert (await sign_in(ada.http, ada.email)).status_code == 401

    async def test_frees_the_address(self, register: Register) -> None:
        ada = await register()
        await ada.http.delete("/v1/users/me")

        body = {"email": ada.email, "password": "a fresh start here"}
        await ada.http.post("/v1/auth/register", json=body)

        assert (await sign_in(ada.http, ada.email, "a fresh start here")).status_code == 200

    async def test_deletes_what_was_stored(self, register: Register, services: Services) -> None:
        ada = await register()

        await ada.http.delete("/v1/users/me")

        await run_jobs(services)
        left = (
            select(User.id, Node.id)
            .outerjoin(Node, Node.space_id == User.id)
            .where(User.id == UUID(ada.id))
        )
        assert (await services.database.autocommit.execute(left)).first() is None

    async def test_needs_a_session(self, register: Register) -> None:
        ada = await register()
        key = await ada.http.post("/v1/api-keys", json={"name": "x", "scopes": ["files:write"]})

        headers = {"Authorization": f"Bearer {key.json()['key']}"}
        answer = await ada.http.delete("/v1/users/me", headers=headers)

        assert answer.status_code == 403
        assert answer.json()["code"] == "session_required"
