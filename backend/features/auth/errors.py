"""What can go wrong with a credential."""

from backend.core.errors import BadRequest, Forbidden, Unauthorized


class InvalidCredentials(Unauthorized):
    """The e-mail address or the password is incorrect."""

    code = "invalid_credentials"


class InvalidRefreshToken(Unauthorized):
    """The refresh token is unknown, expired, or revoked: sign in again."""

    code = "invalid_refresh_token"


class RefreshTokenReused(Unauthorized):
    """This refresh token has already been used, so its session was ended: sign in again."""

    code = "refresh_token_reused"


class WrongCurrentPassword(Forbidden):
    """The current password is incorrect."""

    code = "wrong_current_password"


class InvalidEmailToken(BadRequest):
    """This link is unknown, expired, or already used: request a new e-mail."""

    code = "invalid_email_token"
