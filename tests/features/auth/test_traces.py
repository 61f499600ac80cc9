"""What an account leaves behind: events of every change, and no secret anywhere."""

from typing import Any

import pytest
from sqlalchemy import or_, select, text

from backend.core.services import Services
from backend.models import Event
from tests.support.jobs import run_jobs
from tests.support.mailbox import Mailbox
from tests.support.people import (
    PASSWORD,
    Person,
    Register,
    sign_in,
)

NEW_PASSWORD = "eleven red kites"


async def live(ada: Person, services: Services, mailbox: Mailbox) -> list[str]:
    """Go through everything an account can do; return every secret it was given."""
    key = (await ada.http.post("/v1/api-keys", json={"name": "x", "scopes": ["files:read"]})).json()
    await ada.http.delete(f"/v1/api-keys/{key['id']}")
    key = (await ada.http.post("/v1/api-keys", json={"name": "y", "scopes": ["files:read"]})).json()
    used = {"refresh_token": ada.tokens["refresh_token"]}
    fresh = (await ada.http.post("/v1/auth/refresh", json=used)).json()
    await run_jobs(services)
    verify = mailbox.token(ada.email, "Confirm your e-mail address")
    await ada.http.post("/v1/auth/email/verify", json={"token": verify})
    await ada.http.post("/v1/auth/password/forgot", json={"email": ada.email})
    await run_jobs(services)
    reset = mailbox.token(ada.email, "Choose a new password")
    await ada.http.patch("/v1/users/me", json={"display_name": "Ada"})
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    await ada.http.post("/v1/auth/password/change", json=change)
    await ada.http.post("/v1/auth/refresh", json=used)
    await sign_in(ada.http, ada.email, NEW_PASSWORD)
    secrets = [key["key"], verify, reset, PASSWORD, NEW_PASSWORD]
    for tokens in (ada.tokens, fresh):
        secrets += [tokens["access_token"], tokens["refresh_token"]]
    return secrets


class TestEvents:
    async def test_tell_every_change(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ada = await register()
        await live(ada, services, mailbox)

        events = await _events_of(ada, services)

        assert [event.action for event in events] == [
            "user.registered",
            "session.created",
            "api_key.created",
            "api_key.revoked",
            "api_key.created",
            "user.email_verified",
            "user.changed",
            "user.password_changed",
            "session.created",
        ]
        assert {event.ip for event in events} == {"127.0.0.1"}
        assert all(event.request_id for event in events)

    async def test_tell_of_a_stolen_refresh_token(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        used = {"refresh_token": ada.tokens["refresh_token"]}
        await ada.http.post("/v1/auth/refresh", json=used)
        await ada.http.post("/v1/auth/refresh", json=used)

        query = select(Event.data).where(
            Event.action == "session.revoked", Event.data["user_id"].astext == ada.id
        )
        data = (await services.database.autocommit.execute(query)).scalar_one()

        assert data["reason"] == "refresh_token_reused"


class TestSecrets:
    async def test_stand_nowhere_in_the_database(
        self, register: Register, services: Services, mailbox: Mailbox
    ) -> None:
        ada = await register()
        secrets = await live(ada, services, mailbox)

        dump = await _dump(services)

        assert ada.email in dump
        for secret in secrets:
            assert secret not in dump
            assert secret.encode().hex() not in dump

    async def test_stand_nowhere_in_the_logs(
        self,
        register: Register,
        services: Services,
        mailbox: Mailbox,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        ada = await register()
        caplog.set_level("DEBUG")

        secrets = await live(ada, services, mailbox)

        libraries = [r.getMessage() for r in caplog.records if "mail.log" not in r.name]
        ours = [*libraries, *capsys.readouterr().out.splitlines()]
        assert any("/v1/auth/refresh" in line for line in ours)
        assert not [secret for secret in secrets if secret in "\n".join(ours)]


async def _events_of(person: Person, services: Services) -> list[Any]:
    query = (
        select(Event)
        .where(or_(Event.actor_id == person.id, Event.subject_id == person.id))
        .order_by(Event.created_at, Event.id)
    )
    return list((await services.database.autocommit.execute(query)).all())


async def _dump(services: Services) -> str:
    """Every row of every table, as text."""
    db = services.database.autocommit
    names = await db.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    )
    rows: list[str] = []
    for name in names.scalars().all():
        rows += (await db.execute(text(f'SELECT t::text FROM "{name}" t'))).scalars().all()
    return "\n".join(rows)
