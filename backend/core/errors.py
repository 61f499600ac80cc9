"""Every error a client can receive, on one screen, and how it is sent.

An error is a problem document (RFC 9457). Its `code` is stable: clients branch on it. The class
docstring is the title, the message is the detail.

    ApiError
    +-- BadRequest 400    Unauthorized 401    Forbidden 403    NotFound 404
    +-- MethodNotAllowed 405                  RequestTimeout 408
    +-- Conflict 409      Gone 410            TooLarge 413     UnsupportedType 415
    +-- Unprocessable 422 TooManyRequests 429 DependencyUnavailable 503
"""

from typing import Any, ClassVar


class ApiError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: str = "internal_error"  # set by the class; an instance may be more specific

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        self.detail = detail or self.title_of()
        self.code = code or type(self).code
        self.headers = headers or {}
        self.errors = errors
        super().__init__(self.detail)

    @classmethod
    def title_of(cls) -> str:
        """One sentence for a person to read, the same for every occurrence."""
        return (cls.__doc__ or "").strip().splitlines()[0]


class BadRequest(ApiError):
    """The request could not be understood."""

    status, code = 400, "bad_request"


class Unauthorized(ApiError):
    """A valid credential is required."""

    status, code = 401, "unauthorized"

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": "Bearer"})


class InvalidToken(Unauthorized):
    """The credential is invalid, expired or revoked."""

    code = "invalid_token"


class Forbidden(ApiError):
    """Your role or the scopes of your credential do not allow this."""

    status, code = 403, "forbidden"


class NotFound(ApiError):
    """This does not exist, or you do not have access to it."""

    status, code = 404, "not_found"


class MethodNotAllowed(ApiError):
    """This address does not support this method."""

    status, code = 405, "method_not_allowed"


class RequestTimeout(ApiError):
    """The request body did not arrive in time."""

    status, code = 408, "request_timeout"


class Conflict(ApiError):
    """The request conflicts with the current state."""

    status, code = 409, "conflict"


class NameTaken(Conflict):
    """The folder already contains an item with this name."""

    code = "name_taken"


class QuotaExceeded(Conflict):
    """There is not enough storage space left."""

    code = "quota_exceeded"


class Gone(ApiError):
    """This is no longer available."""

    status, code = 410, "gone"


class TooLarge(ApiError):
    """The request or the file is too large."""

    status, code = 413, "file_too_large"


class BodyTooLarge(TooLarge):
    """The request body is too large."""

    code = "body_too_large"


class UnsupportedType(ApiError):
    """This content type is not accepted."""

    status, code = 415, "content_type_not_allowed"


class Unprocessable(ApiError):
    """The request is well-formed but its content is not valid."""

    status, code = 422, "invalid_request"


class UnknownCursor(Unprocessable):
    """The cursor does not come from this list."""

    code = "invalid_cursor"


class TooManyRequests(ApiError):
    """Too many requests: try again later."""

    status, code = 429, "rate_limited"

    def __init__(self, detail: str | None = None, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class DependencyUnavailable(ApiError):
    """A service this one depends on is not responding: try again shortly."""

    status, code = 503, "dependency_unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
