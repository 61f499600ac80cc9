"""What can go wrong with a credential."""

from backend.core.errors import BadRequest, Forbidden, Unauthorized


class InvalidCredentials(Unauthorized):
    """The e-mail or the password is wrong."""

    code = "invalid_credentials"


class InvalidRefreshToken(Unauthorized):
    """The refresh token is unknown, expired or revoked: sign in again."""

    code = "invalid_refresh_token"


class RefreshTokenReused(Unauthorized):
    """This refresh token was used before, so its session has ended: sign in again."""

    code = "refresh_token_reused"


class WrongCurrentPassword(Forbidden):
    """The current password is wrong."""

    code = "wrong_current_password"


class InvalidEmailToken(BadRequest):
    """This link is unknown, used or expired: ask for a new mail."""

    code = "invalid_email_token"
