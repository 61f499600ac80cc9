"""What can go wrong with a link."""

from backend.core.errors import Conflict, Gone, NotFound, Unauthorized, Unprocessable


class LinkNotFound(NotFound):
    """This link does not exist, or its file or folder has been removed."""

    code = "link_not_found"


class LinkRevoked(Gone):
    """This link has been revoked."""

    code = "link_revoked"


class LinkExpired(Gone):
    """This link has expired."""

    code = "link_expired"


class DownloadsExhausted(Gone):
    """This link has reached its maximum number of downloads."""

    code = "downloads_exhausted"


class PasswordRequired(Unauthorized):
    """This link is password-protected: unlock it first."""

    code = "password_required"


class WrongPassword(Unauthorized):
    """The password is incorrect."""

    code = "wrong_password"


class FileRequired(Unprocessable):
    """This link leads to a folder: specify one of its files with `file_id`."""

    code = "file_id_required"


class BelowDownloadCount(Conflict):
    """The link has already been downloaded more often than the new maximum."""

    code = "below_download_count"
