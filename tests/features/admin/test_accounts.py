from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from backend.core.services import Services
from backend.features.admin.accounts import change_account
from backend.features.admin.schemas import AccountUpdate
from backend.features.users.errors import LastAdmin
from backend.kit.vocabulary import UserRole
from backend.models import User
from backend.rules.actor import SYSTEM
from tests.support.people import Person, Register, sign_in
from tests.support.transfer import begin


async def change(admin: Person, user_id: str, **fields: object) -> httpx.Response:
    return await admin.http.patch(f"/v1/admin/users/{user_id}", json=fields)


class TestList:
    async def test_finds_an_account_by_part_of_its_address(
        self, admin: Person, register: Register
    ) -> None:
        ada = await register("ada")

        answer = await admin.http.get("/v1/admin/users", params={"q": ada.email[:-8].upper()})

        assert [account["email"] for account in answer.json()["items"]] == [ada.email]

    async def test_shows_storage(self, admin: Person, register: Register) -> None:
        ada = await register("ada")
        await begin(ada, b"x" * 100)

        answer = await admin.http.get("/v1/admin/users", params={"q": ada.email})

        (account,) = answer.json()["items"]
        assert account["reserved_bytes"] == 100
        assert account["used_bytes"] == 0

    async def test_comes_in_pages(self, admin: Person, register: Register) -> None:
        people = [await register("page") for _ in range(3)]

        first = (await admin.http.get("/v1/admin/users?limit=2")).json()
        rest = await admin.http.get(f"/v1/admin/users?limit=2&cursor={first['next_cursor']}")

        emails = [item["email"] for item in first["items"] + rest.json()["items"]]
        assert emails[:3] == [person.email for person in reversed(people)]

    @pytest.mark.parametrize("q", ["%", "_", "\\"])
    async def test_takes_wildcards_for_what_they_are(self, admin: Person, q: str) -> None:
        answer = await admin.http.get("/v1/admin/users", params={"q": f"{q}no such thing{q}"})

        assert answer.json()["items"] == []

    async def test_is_for_administrators(self, register: Register, http: httpx.AsyncClient) -> None:
        ada = await register("ada")

        refused = await ada.http.get("/v1/admin/users")

        assert refused.status_code == 403
        assert refused.json()["code"] == "admin_required"
        assert (await http.get("/v1/admin/users")).status_code == 401


class TestChange:
    async def test_sets_the_quota(self, admin: Person, register: Register) -> None:
        ada = await register("ada")

        answer = await change(admin, ada.id, quota_bytes=10)

        assert answer.json()["quota_bytes"] == 10
        body = {"name": "a", "size": 11}
        assert (await ada.http.post("/v1/uploads", json=body)).json()["code"] == "quota_exceeded"

    async def test_a_closed_account_is_out_at_once(self, admin: Person, register: Register) -> None:
        ada = await register("ada")

        await change(admin, ada.id, is_active=False)

        assert (await ada.http.get("/v1/users/me")).status_code == 401
        again = await sign_in(ada.http, ada.email)
        assert again.status_code in (400, 401, 403)

    async def test_an_opened_account_signs_in_anew(self, admin: Person, register: Register) -> None:
        ada = await register("ada")

        await change(admin, ada.id, is_active=False)
        await change(admin, ada.id, is_active=True)

        assert (await ada.http.get("/v1/users/me")).status_code == 401
        assert (await sign_in(ada.http, ada.email)).status_code == 200

    async def test_makes_an_administrator(self, admin: Person, register: Register) -> None:
        ada = await register("ada")

        await change(admin, ada.id, role="admin")

        assert (await ada.http.get("/v1/admin/stats")).status_code == 200

    async def test_leaves_what_is_not_named(self, admin: Person, register: Register) -> None:
        ada = await register("ada")
        before = await change(admin, ada.id)

        after = await change(admin, ada.id, quota_bytes=5)

        assert after.json() == {**before.json(), "quota_bytes": 5}

    @pytest.mark.parametrize(
        "fields",
        [
            {"quota_bytes": -1},
            {"quota_bytes": 2**63},
            {"role": "owner"},
            {"is_active": None},
            {"x": 1},
        ],
    )
    async def test_refuses_what_makes_no_sense(
        self, admin: Person, fields: dict[str, object]
    ) -> None:
        assert (await change(admin, admin.id, **fields)).status_code == 422

    async def test_an_unknown_account_is_not_found(self, admin: Person) -> None:
        answer = await change(admin, "0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d", quota_bytes=5)

        assert answer.status_code == 404

    async def test_leaves_a_trace(self, admin: Person, register: Register) -> None:
        ada = await register("ada")

        await change(admin, ada.id, quota_bytes=7)

        events = await admin.http.get("/v1/admin/events", params={"subject_id": ada.id})
        newest = events.json()["items"][0]
        assert newest["action"] == "user.administered"
        assert newest["actor_id"] == admin.id
        assert newest["data"] == {"quota_bytes": 7}

    async def test_leaves_a_trace_of_every_session_that_it_ends(
        self, admin: Person, register: Register
    ) -> None:
        ada = await register("ada")
        await sign_in(ada.http, ada.email)

        await change(admin, ada.id, is_active=False)
        await change(admin, ada.id, quota_bytes=5)

        query = {"action": "session.revoked", "actor_id": admin.id}
        events = (await admin.http.get("/v1/admin/events", params=query)).json()["items"]
        ended = {"reason": "account_deactivated", "user_id": ada.id}
        assert [event["data"] for event in events] == [ended, ended]


class TestLastAdmin:
    async def test_cannot_be_removed(self, services: Services, admin: Person) -> None:
        """Everybody else is demoted first, in a transaction that never ends well."""
        async with services.database.engine.connect() as tx:
            others = update(User).where(User.id != UUID(admin.id)).values(role=UserRole.USER)
            await tx.execute(others)

            for removal in ({"role": "user"}, {"is_active": False}):
                wish = AccountUpdate.model_validate(removal)
                with pytest.raises(LastAdmin):
                    await change_account(tx, SYSTEM, UUID(admin.id), wish)
            await tx.rollback()
