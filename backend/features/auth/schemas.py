"""Tokens, sessions and passwords as clients send and see them."""

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
    """The OAuth 2.0 password grant (RFC 6749, 4.3.2), whose unknown fields are ignored (3.2).

    A session may do all that its account may: there are no clients and no narrower scopes.
    """

    grant_type: Literal["password"] = Field(examples=["password"])
    username: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    password: str = Field(
        json_schema_extra={"format": "password"}, examples=["correct horse battery"]
    )


class Tokens(Schema):
    """A signed-in session's credentials (RFC 6749, 5.1)."""

    access_token: str = Field(
        description="A bearer token for `expires_in` seconds.", examples=["eyJhbGciOiJIUzI1NiIs..."]
    )
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(examples=[900])
    refresh_token: Token = Field(description="Good for one refresh; keep it secret.")


class RefreshRequest(Schema):
    """The session's latest refresh token."""

    refresh_token: Token


class Session(Schema):
    """One sign-in on one device."""

    id: UUID
    user_agent: str | None = Field(examples=["Mozilla/5.0 (X11; Linux x86_64)"])
    ip: str | None = Field(examples=["203.0.113.7"])
    created_at: datetime
    last_used_at: datetime = Field(description="When it was last refreshed.")
    current: bool = Field(description="Whether it is the one asking.")


class ForgotPassword(Schema):
    """Whose password is lost."""

    email: Email


class Accepted(Schema):
    """What can be said without saying whether there is an account."""

    detail: str = "If this address has an account, a mail is on its way."


class ResetPassword(Schema):
    """A new password, allowed by the token from the mail."""

    token: Token
    password: NewPassword


class ChangePassword(Schema):
    """A new password, allowed by the current one."""

    current_password: str = Field(max_length=MAX_BYTES, examples=["correct horse battery"])
    new_password: NewPassword


class VerifyEmail(Schema):
    """The token from the mail."""

    token: Token
