"""Tokens, sessions, and passwords, as clients send and receive them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from backend.core.http.schema import Email, Schema
from backend.core.secrets.passwords import MAX_BYTES, MIN_LENGTH, check_length

NewPassword = Annotated[
    str,
    Field(min_length=MIN_LENGTH, max_length=MAX_BYTES, examples=["a better horse battery"]),
    AfterValidator(check_length),
]
Token = Annotated[
    str,
    Field(min_length=1, max_length=200, examples=["Xr4ilOzQ4PCOq3aQ0qbuaQ4pFsHnDbW1m0a2wYvTnJY"]),
]


class SignIn(BaseModel):
    """The OAuth 2.0 password grant (RFC 6749, 4.3.2); unknown fields are ignored (3.2).

    A session may do everything that its account may: there are no clients and no narrower scopes.
    """

    grant_type: Literal["password"] = Field(examples=["password"])
    username: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    password: str = Field(
        json_schema_extra={"format": "password"}, examples=["correct horse battery"]
    )


class Tokens(Schema):
    """A signed-in session's credentials (RFC 6749, 5.1)."""

    access_token: str = Field(
        description="A bearer token, valid for `expires_in` seconds.",
        examples=["eyJhbGciOiJIUzI1NiIs..."],
    )
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(examples=[900])
    refresh_token: Token = Field(description="Valid for one refresh. Keep it secret.")


class RefreshRequest(Schema):
    """The session's latest refresh token."""

    refresh_token: Token


class Session(Schema):
    """One sign-in on one device."""

    id: UUID
    user_agent: str | None = Field(examples=["Mozilla/5.0 (X11; Linux x86_64)"])
    ip: str | None = Field(examples=["203.0.113.7"])
    created_at: datetime
    last_used_at: datetime = Field(description="When its tokens were last refreshed.")
    current: bool = Field(description="Whether this request belongs to it.")


class ForgotPassword(Schema):
    """The address of the account whose password is forgotten."""

    email: Email


class Accepted(Schema):
    """The same answer whether or not the account exists."""

    detail: str = "If this address has an account, an e-mail is on its way."


class ResetPassword(Schema):
    """A new password, authorized by the token from the e-mail."""

    token: Token
    password: NewPassword


class ChangePassword(Schema):
    """A new password, authorized by the current one."""

    current_password: str = Field(max_length=MAX_BYTES, examples=["correct horse battery"])
    new_password: NewPassword


class VerifyEmail(Schema):
    """The token from the e-mail."""

    token: Token
