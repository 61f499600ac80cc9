"""`/verify` and `/reset`: the pages behind the links in our mails.

The token is in the link's fragment, which no server and no log sees; a script of ours moves it into
the form, and without scripts people copy the code from the mail. Opening the page changes nothing,
because mail filters open every link. Each form carries the one-time token itself: another site
cannot submit it without knowing the token.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError

from backend.core.database.requests import LateTx, Tx
from backend.core.secrets.passwords import MIN_LENGTH, PasswordTooEasy
from backend.core.services import CurrentServices
from backend.features.auth import recovery
from backend.features.auth.schemas import ResetPassword
from backend.features.pages.rendering import POLICY, PageRoute, page
from backend.rules.principal import caller

router = APIRouter(include_in_schema=False, route_class=PageRoute)

WITH_SCRIPT = f"{POLICY}; script-src 'self'"
FormToken = Annotated[str, Form(max_length=200)]


@router.get("/verify")
async def ask_to_verify() -> Response:
    """Ask for a click, which shows that a person read the mail."""
    return page("verify.html", policy=WITH_SCRIPT)


@router.post("/verify")
async def verify(request: Request, tx: Tx, token: FormToken = "") -> Response:
    """Use the token."""
    await recovery.verify_email(tx, caller(request), token.strip())
    return page(
        "message.html",
        {
            "symbol": "check",
            "heading": "Your address is confirmed",
            "text": "You can now open what others have shared with it. You can close this page.",
        },
    )


@router.get("/reset")
async def ask_for_password() -> Response:
    """Ask for the new password."""
    return _reset_form("", None)


@router.post("/reset")
async def reset(
    request: Request,
    services: CurrentServices,
    late: LateTx,
    token: FormToken = "",
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Use the token to set the password; show the form again if the password is not accepted."""
    try:
        wish = ResetPassword(token=token.strip() or "-", password=password)
        await recovery.reset(services.database, services.passwords, late, caller(request), wish)
    except ValidationError:
        return _reset_form(token, f"Use at least {MIN_LENGTH} characters.")
    except PasswordTooEasy:
        return _reset_form(token, "This password is too easy to guess. Choose another one.")
    return page(
        "message.html",
        {
            "symbol": "check",
            "heading": "Your password is set",
            "text": "You have been signed out everywhere else. Sign in with your new password.",
        },
    )


def _reset_form(token: str, problem: str | None) -> Response:
    return page(
        "reset.html",
        {"token": token, "problem": problem, "min_length": MIN_LENGTH},
        status=422 if problem else 200,
        policy=WITH_SCRIPT,
    )
