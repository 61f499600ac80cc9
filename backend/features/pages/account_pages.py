"""`/verify` and `/reset`: where the links in our mails lead.

The token stands in the link's fragment, which no server and no log sees; a script of ours moves it
into the form, and without script people copy the code from the mail. Opening the page changes
nothing, since mail filters open every link. Each form carries the one-time token itself: another
site cannot send it without knowing it.
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
    """Ask for the click that proves a person reads the mail."""
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
            "text": "What others shared with it is now yours to open. You can close this page.",
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
    """Use the token to set the password; a password that will not do is asked for again."""
    try:
        wish = ResetPassword(token=token.strip() or "-", password=password)
        await recovery.reset(services.database, services.passwords, late, caller(request), wish)
    except ValidationError:
        return _reset_form(token, f"Use at least {MIN_LENGTH} characters.")
    except PasswordTooEasy:
        return _reset_form(token, "This password is among the first an attacker would try.")
    return page(
        "message.html",
        {
            "symbol": "check",
            "heading": "Your password is set",
            "text": "Every other session was signed out. Sign in with the new password.",
        },
    )


def _reset_form(token: str, problem: str | None) -> Response:
    return page(
        "reset.html",
        {"token": token, "problem": problem, "min_length": MIN_LENGTH},
        status=422 if problem else 200,
        policy=WITH_SCRIPT,
    )
