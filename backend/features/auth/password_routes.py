"""`/v1/auth/password` and `/v1/auth/email`."""

from fastapi import APIRouter, Request

from backend.core.database.requests import LateTx, Tx
from backend.core.errors import TooManyRequests, Unauthorized
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.secrets.passwords import PasswordTooEasy
from backend.core.services import CurrentServices, SettledCallers
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
    summary="Forgot the password",
    responses=problems(TooManyRequests),
)
async def forgot_password(
    request: Request, body: ForgotPassword, services: CurrentServices, late: LateTx
) -> Accepted:
    """Mail a link to choose a new password. Says the same whether or not there is an account."""
    await recovery.forgot(services, late, caller(request), body.email)
    return Accepted()


@router.post(
    "/password/reset",
    status_code=204,
    summary="Choose a new password by mail",
    responses=problems(InvalidEmailToken, PasswordTooEasy),
)
async def reset_password(
    request: Request, body: ResetPassword, services: CurrentServices, late: LateTx
) -> None:
    """Use the token from the mail, once. Ends every session; also proves the e-mail address."""
    await recovery.reset(services, late, caller(request), body)


@router.post(
    "/password/change",
    status_code=204,
    summary="Change the password",
    responses=problems(
        Unauthorized, WrongCurrentPassword, SessionRequired, PasswordTooEasy, TooManyRequests
    ),
)
async def change_password(
    principal: SignedIn, body: ChangePassword, services: CurrentServices, late: LateTx
) -> None:
    """Set a new password by the current one. Ends every session but the one that asks."""
    await recovery.change(services, late, principal, body)


@router.post(
    "/email/verify",
    status_code=204,
    summary="Confirm an e-mail address",
    responses=problems(InvalidEmailToken),
)
async def verify_email(request: Request, body: VerifyEmail, tx: Tx) -> None:
    """Use the token from the mail. What others shared with this address becomes visible."""
    await recovery.verify_email(tx, caller(request), body.token)
