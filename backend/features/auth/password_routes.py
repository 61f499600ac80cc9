"""`/v1/auth/password` and `/v1/auth/email`."""

from fastapi import APIRouter, Request

from backend.core.database.requests import CurrentDatabase, LateTx, Tx
from backend.core.errors import TooManyRequests, Unauthorized
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.secrets.passwords import PasswordTooEasy
from backend.core.services import (
    CurrentLimiter,
    CurrentPasswords,
    CurrentSettings,
    SettledCallers,
)
from backend.features.auth import recovery
from backend.features.auth.errors import InvalidEmailToken, WrongCurrentPassword
from backend.features.auth.schemas import (
    Accepted,
    ChangePassword,
    ForgotPassword,
    ResetPassword,
    VerifyEmail,
)
from backend.rules.principal import SessionRequired, SignedIn, caller

router = APIRouter(
    prefix="/v1/auth", tags=["Accounts"], route_class=Route, dependencies=[SettledCallers]
)


@router.post(
    "/password/forgot",
    status_code=202,
    summary="Request a password reset",
    responses=problems(TooManyRequests),
)
async def forgot_password(
    request: Request,
    body: ForgotPassword,
    limiter: CurrentLimiter,
    settings: CurrentSettings,
    late: LateTx,
) -> Accepted:
    """Send an e-mail with a link for choosing a new password.

    The answer is the same whether or not the account exists.
    """
    await recovery.forgot(limiter, settings.auth, late, caller(request), body.email)
    return Accepted()


@router.post(
    "/password/reset",
    status_code=204,
    summary="Reset the password",
    responses=problems(InvalidEmailToken, PasswordTooEasy),
)
async def reset_password(
    request: Request,
    body: ResetPassword,
    database: CurrentDatabase,
    passwords: CurrentPasswords,
    late: LateTx,
) -> None:
    """Set a new password with the token from the e-mail, which works once.

    This ends every session and verifies the e-mail address.
    """
    await recovery.reset(database, passwords, late, caller(request), body)


@router.post(
    "/password/change",
    status_code=204,
    summary="Change the password",
    responses=problems(
        Unauthorized, WrongCurrentPassword, SessionRequired, PasswordTooEasy, TooManyRequests
    ),
)
async def change_password(
    principal: SignedIn,
    body: ChangePassword,
    database: CurrentDatabase,
    limiter: CurrentLimiter,
    passwords: CurrentPasswords,
    settings: CurrentSettings,
    late: LateTx,
) -> None:
    """Set a new password, authorized by the current one. This ends all your other sessions."""
    await recovery.change(database, limiter, passwords, settings.auth, late, principal, body)


@router.post(
    "/email/verify",
    status_code=204,
    summary="Verify an e-mail address",
    responses=problems(InvalidEmailToken),
)
async def verify_email(request: Request, body: VerifyEmail, tx: Tx) -> None:
    """Verify the address with the token from the e-mail.

    Files and folders that others shared with this address become visible.
    """
    await recovery.verify_email(tx, caller(request), body.token)
