"""Who schemathesis calls as: it signs in anew each second, for it also signs itself out."""

import os
from typing import Any

import httpx
import schemathesis


@schemathesis.auth(refresh_interval=1)
class SignIn:
    """The account named in the environment."""

    def get(self, case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str:
        """A fresh access token."""
        form = {
            "grant_type": "password",
            "username": os.environ["FUZZ_EMAIL"],
            "password": os.environ["FUZZ_PASSWORD"],
        }
        answer = httpx.post(f"{os.environ['FUZZ_URL']}/v1/auth/token", data=form)
        return str(answer.raise_for_status().json()["access_token"])

    def set(
        self, case: schemathesis.Case[Any], data: str, context: schemathesis.AuthContext
    ) -> None:
        """Send it along."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.check
def error_code_conformance(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """An operation answers only with the error codes that it declares."""
    if response.status_code < 400:
        return
    declared = case.operation.definition.raw["responses"].get(str(response.status_code))
    if declared is None:  # a status that it does not declare is another check's finding
        return
    code = response.json()["code"]
    if code not in declared["content"]["application/problem+json"]["examples"]:
        raise AssertionError(f"{response.status_code} {code} is not declared")
