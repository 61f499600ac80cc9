"""Strings so long that only looking at them keeps everybody else waiting."""

from typing import Any

import pytest

from backend.kit.text import emails
from tests.support.people import PASSWORD, Register, sign_in

# Just below the limit of a body, each the slowest for one of the validator's checks.
ENDLESS = ["a" * 60_000, "a" * 60_000 + "@example.com", "é" * 9_000, "a@" + "é" * 9_000 + ".com"]


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that the library was asked to validate."""
    asked: list[str] = []
    validate = vars(emails)["validate_email"]

    def record(raw: str, **options: Any) -> object:
        asked.append(raw)
        return validate(raw, **options)

    monkeypatch.setattr(emails, "validate_email", record)
    return asked


@pytest.mark.parametrize("username", ENDLESS, ids=range(len(ENDLESS)))
class TestAddress:
    async def test_is_a_wrong_one_at_sign_in(
        self, register: Register, validated: list[str], username: str
    ) -> None:
        ada = await register()

        endless = await sign_in(ada.http, username)
        wrong = await sign_in(ada.http, ada.email, "a wrong password")

        assert endless.status_code == wrong.status_code == 401
        assert {**endless.json(), "request_id": ""} == {**wrong.json(), "request_id": ""}
        assert max(map(len, validated)) <= emails.MAX_LENGTH

    async def test_is_refused_everywhere_else(
        self, register: Register, validated: list[str], username: str
    ) -> None:
        ada = await register()
        root = (await ada.http.get("/v1/folders/root")).json()["id"]
        attacks = {
            "/v1/auth/register": {"email": username, "password": PASSWORD},
            "/v1/auth/password/forgot": {"email": username},
            f"/v1/folders/{root}/shares": {"email": username, "role": "viewer"},
        }
        for path, body in attacks.items():
            answer = await ada.http.post(path, json=body)

            assert answer.status_code == 422, path
            assert "254" in answer.text

        assert max(map(len, validated)) <= emails.MAX_LENGTH
