"""Every enumeration of the product, as clients and tables spell it."""

from enum import IntEnum, StrEnum


class NodeKind(StrEnum):
    """What a node in the tree is."""

    FILE = "file"
    FOLDER = "folder"


class SpaceKind(StrEnum):
    """Who owns a tree: one user, or everyone its root is shared with."""

    PERSONAL = "personal"
    TEAM = "team"


class Role(IntEnum):
    """What a grant allows; a stronger role includes the weaker ones."""

    VIEWER = 1
    EDITOR = 2
    OWNER = 3


class UploadState(StrEnum):
    """The state of an upload; the first two are open, the others final."""

    PENDING = "pending"
    COMPLETING = "completing"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    EXPIRED = "expired"


class UploadMethod(StrEnum):
    """How the bytes are sent to S3."""

    PUT = "put"
    POST = "post"
    MULTIPART = "multipart"


class OnConflict(StrEnum):
    """What happens if the folder already contains the name."""

    RENAME = "rename"
    NEW_VERSION = "new_version"
    FAIL = "fail"


class ActorKind(StrEnum):
    """The kind of credential that someone acts with."""

    USER = "user"
    API_KEY = "api_key"
    LINK = "link"
    ANONYMOUS = "anonymous"
    SYSTEM = "system"


class UserRole(StrEnum):
    """What an account may do beyond its own files."""

    USER = "user"
    ADMIN = "admin"


class EmailTokenPurpose(StrEnum):
    """What a token sent by mail may be used for."""

    VERIFY = "verify"
    RESET = "reset"


class Scope(StrEnum):
    """What a credential may be used for."""

    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    SHARES_WRITE = "shares:write"
    ADMIN = "admin"


class CheckState(StrEnum):
    """The state of a dependency, as a probe reports it."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
