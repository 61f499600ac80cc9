"""What can go wrong with a link."""

from backend.core.errors import Conflict, Gone, NotFound, Unauthorized, Unprocessable


class LinkNotFound(NotFound):
    """There is no such link, or what it led to is gone."""

    code = "link_not_found"


class LinkRevoked(Gone):
    """This link was withdrawn by the person who made it."""

    code = "link_revoked"


class LinkExpired(Gone):
    """This link has expired."""

    code = "link_expired"


class DownloadsExhausted(Gone):
    """Every download this link allowed has been used."""

    code = "downloads_exhausted"


class PasswordRequired(Unauthorized):
    """This link is protected: unlock it with its password first."""

    code = "password_required"


class WrongPassword(Unauthorized):
    """That is not this link's password."""

    code = "wrong_password"


class FileRequired(Unprocessable):
    """This link leads to a folder: say which of its files."""

    code = "file_id_required"


class BelowDownloadCount(Conflict):
    """The link has been downloaded more often than that already."""

    code = "below_download_count"
