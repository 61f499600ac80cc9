"""What an attacker may put into `Authorization`, and what rotating SECRET_KEY does."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from jose import jwt
from pydantic import SecretStr

from backend.core.errors import Unauthorized
from backend.core.secrets.access_tokens import TokenSigner
from backend.core.services import Services
from backend.core.settings import AuthSettings, Settings
from tests.support.people import Person, Register

HOUR = timedelta(hours=1)
STRANGE: list[object] = [None, 7, True, [], {}, "", "x", "\0", ["a"]]


async def call(person: Person, token: str) -> httpx.Response:
    return await person.http.get("/v1/users/me", headers={"Authorization": f"Bearer {token}"})


def claims_of(person: Person) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.get_unverified_claims(person.tokens["access_token"])
    return claims


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def signed(signer: TokenSigner, claims: dict[str, object]) -> str:
    """A token with these claims and a good signature."""
    header = jwt.get_unverified_header(signer.issue("x", "x", HOUR).token)
    head = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
    signature = hmac.digest(signer._keys[header["kid"]], head.encode(), "sha256")
    return f"{head}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


class TestForged:
    async def test_without_a_signature_is_refused(self, register: Register) -> None:
        ada = await register()
        header = jwt.get_unverified_header(ada.tokens["access_token"])

        for algorithm in ("none", "None", "NONE", ""):
            unsigned = f"{encoded({**header, 'alg': algorithm})}.{encoded(claims_of(ada))}."
            assert (await call(ada, unsigned)).status_code == 401

    async def test_with_other_claims_is_refused(self, register: Register) -> None:
        ada, bob = await register(), await register()
        header, _, signature = ada.tokens["access_token"].split(".")

        answer = await call(ada, f"{header}.{encoded(claims_of(bob))}.{signature}")

        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_token"
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_signed_with_another_secret_is_refused(
        self, register: Register, settings: Settings
    ) -> None:
        ada = await register()
        other = settings.model_copy(update={"secret_key": SecretStr("another secret " * 3)})
        claims = claims_of(ada)

        token = TokenSigner(other).issue(ada.id, "we-upload", HOUR, {"sid": claims["sid"]}).token

        assert (await call(ada, token)).status_code == 401

    async def test_signed_with_another_secret_under_our_key_id_is_refused(
        self, register: Register
    ) -> None:
        ada = await register()
        header = jwt.get_unverified_header(ada.tokens["access_token"])

        token = jwt.encode(claims_of(ada), "guess", headers={"kid": header["kid"]})

        assert (await call(ada, token)).status_code == 401

    @pytest.mark.parametrize("kid", [None, 7, [], {}, "", "../../dev/null", "x' OR 1=1"])
    async def test_with_a_strange_key_id_is_refused(self, register: Register, kid: object) -> None:
        ada = await register()
        header = {"alg": "HS256", "typ": "JWT", "kid": kid}

        token = f"{encoded(header)}.{encoded(claims_of(ada))}.c2ln"

        assert (await call(ada, token)).status_code == 401

    @pytest.mark.parametrize(
        "value",
        [
            *["", "Bearer", "Basic YTpi", "Token x", "Bearer a.b.c", "Bearer ..", "Bearer x y"],
            *[f"Bearer {'x' * 8000}", "Bearer wu_", "Bearer é.é.é", "Bearer W10.W10.W10"],
        ],
    )
    async def test_of_any_other_kind_is_refused(self, http: httpx.AsyncClient, value: str) -> None:
        headers = [(b"Authorization", value.encode())]
        answer = await http.get("/v1/users/me", headers=headers)

        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "claims",
        [
            *[{"sid": sid} for sid in STRANGE],
            *[{"exp": exp} for exp in ("9999999999", float("inf"), *STRANGE)],
            *[{claim: value} for claim in ("sub", "jti", "iat", "iss") for value in STRANGE],
            *[{claim: None} for claim in ("sub", "jti", "iat", "iss", "aud")],
        ],
        ids=str,
    )
    async def test_with_strange_claims_under_our_own_signature_is_refused(
        self, register: Register, services: Services, claims: dict[str, object]
    ) -> None:
        """Nobody outside can sign; a release that signs otherwise must not cause 500s here."""
        ada = await register()

        answer = await call(ada, signed(services.tokens, {**claims_of(ada), **claims}))

        if claims.keys() & {"sid", "exp"}:
            assert answer.status_code == 401
            assert answer.json()["code"] == "invalid_token"
        assert answer.status_code in {200, 401}

    async def test_without_a_session_is_refused(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        claims = claims_of(ada)
        del claims["sid"]

        answer = await call(ada, signed(services.tokens, claims))

        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_token"


class TestOutOfPlace:
    async def test_expired_is_refused(self, register: Register, services: Services) -> None:
        ada = await register()
        sid = {"sid": claims_of(ada)["sid"]}

        late = services.tokens.issue(ada.id, "we-upload", timedelta(seconds=-1), sid).token

        assert (await call(ada, late)).status_code == 401

    async def test_for_another_audience_is_refused(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        sid = {"sid": claims_of(ada)["sid"]}

        link = services.tokens.issue(ada.id, "we-upload link", HOUR, sid).token

        assert (await call(ada, link)).status_code == 401

    async def test_from_another_issuer_is_refused(
        self, register: Register, settings: Settings
    ) -> None:
        ada = await register()
        elsewhere = settings.model_copy(update={"auth": AuthSettings(issuer="elsewhere")})
        sid = {"sid": claims_of(ada)["sid"]}

        token = TokenSigner(elsewhere).issue(ada.id, "we-upload", HOUR, sid).token

        assert (await call(ada, token)).status_code == 401

    async def test_a_refresh_token_opens_nothing(self, register: Register) -> None:
        ada = await register()

        assert (await call(ada, ada.tokens["refresh_token"])).status_code == 401

    async def test_in_the_query_it_is_no_credential(
        self, http: httpx.AsyncClient, register: Register
    ) -> None:
        ada = await register()

        query = {"access_token": ada.tokens["access_token"]}

        assert (await http.get("/v1/users/me", params=query)).status_code == 401


class TestRotation:
    def test_of_the_secret_keeps_tokens_of_the_retired_one(self) -> None:
        old, new = SecretStr("old " * 10), SecretStr("new " * 10)
        token = TokenSigner(Settings(secret_key=old)).issue("ada", "us", HOUR).token

        during = TokenSigner(Settings(secret_key=new, secret_keys_retired=[old]))
        after = TokenSigner(Settings(secret_key=new))

        assert during.verify(token, "us")["sub"] == "ada"
        with pytest.raises(Unauthorized):
            after.verify(token, "us")

    @pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "jti", "sub"])
    def test_every_claim_must_be_there(self, settings: Settings, claim: str) -> None:
        signer = TokenSigner(settings)
        token = signer.issue("ada", "us", HOUR).token
        claims = jwt.get_unverified_claims(token)
        header = jwt.get_unverified_header(token)
        del claims[claim]

        key = signer._keys[header["kid"]]
        partial = jwt.encode(claims, key, headers={"kid": header["kid"]})

        with pytest.raises(Unauthorized):
            signer.verify(partial, "us")
