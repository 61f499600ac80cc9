"""Links as their owners set and see them, and as recipients see them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from backend.core.http.schema import Instant, Schema

LONGEST_LIFE = timedelta(days=366 * 100)
"""Far enough for everyone, and within the range of every clock and database."""


def _ahead(value: datetime) -> datetime:
    now = datetime.now(UTC)
    if not now < value < now + LONGEST_LIFE:
        raise ValueError("must be in the future, within a hundred years")
    return value


Expiry = Annotated[
    Instant,
    AfterValidator(_ahead),
    Field(description="With a UTC offset.", examples=["2027-01-31T12:00:00Z"]),
]
Password = Annotated[str, Field(min_length=6, max_length=256, examples=["violet umbrella"])]
Cap = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="The maximum number of downloads.", examples=[10])
]


class LinkCreate(Schema):
    """The limits of a new link; an omitted field, like null, sets no limit.

    An omitted `expires_at` stands for the expiry that the operator has chosen for new links, if
    any; null for a link that does not expire.
    """

    expires_at: Expiry | None = None
    password: Password | None = None
    max_downloads: Cap | None = None


class LinkUpdate(Schema):
    """What to change: an omitted field stays the same, null removes the limit."""

    expires_at: Expiry | None = None
    password: Password | None = None
    max_downloads: Cap | None = None


class Link(Schema):
    """A link as its owner sees it. The token is not kept and cannot be shown again."""

    id: UUID = Field(examples=["0199c0de-7e5d-7c0a-8d1f-6c1b2a3f4e5d"])
    node_id: UUID = Field(examples=["0199c0de-1111-7c0a-8d1f-6c1b2a3f4e5d"])
    has_password: bool = Field(examples=[True])
    expires_at: datetime | None = Field(examples=["2027-01-31T12:00:00Z"])
    max_downloads: int | None = Field(examples=[10])
    download_count: int = Field(examples=[3])
    revoked_at: datetime | None = Field(examples=[None])
    created_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])


class CreatedLink(Link):
    """A new link with its secret, which is shown only once."""

    token: str = Field(examples=["5nTSvKoV8mZ0cS8yNq1tGm2QWqQe1Zt9o0a7x3uJkLM"])
    url: str = Field(
        description="The page for people without an account.",
        examples=["https://files.example.com/s/5nTSvKoV8mZ0cS8yNq1tGm2QWqQe1Zt9o0a7x3uJkLM"],
    )


class PublicLink(Schema):
    """A link as its recipient sees it. Until it is unlocked, everything else is null."""

    kind: Literal["file", "folder"] | None = Field(examples=["file"])
    name: str | None = Field(examples=["report.pdf"])
    size: int | None = Field(None, description="Bytes; null for folders.", examples=[48213])
    content_type: str | None = Field(None, examples=["application/pdf"])
    needs_password: bool = Field(
        description="Whether a password must still be given.", examples=[False]
    )
    expires_at: datetime | None = Field(examples=["2027-01-31T12:00:00Z"])
    downloads_left: int | None = Field(description="Null if not limited.", examples=[7])


class PublicItem(Schema):
    """A file or folder below a folder link."""

    id: UUID = Field(examples=["0199c0de-1111-7c0a-8d1f-6c1b2a3f4e5d"])
    kind: Literal["file", "folder"] = Field(examples=["file"])
    name: str = Field(examples=["report.pdf"])
    size: int | None = Field(description="Bytes; null for folders.", examples=[48213])
    content_type: str | None = Field(examples=["application/pdf"])
    updated_at: datetime = Field(examples=["2026-11-21T09:30:00Z"])


class Unlock(Schema):
    """The link's password."""

    password: str = Field(max_length=1024, examples=["violet umbrella"])


class Unlocked(Schema):
    """Send this as a bearer token with further requests for the link."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIs..."])
    expires_in: int = Field(description="Seconds.", examples=[3600])


class PublicDownloadRequest(Schema):
    """Which file to download."""

    file_id: UUID | None = Field(
        None,
        description="Required for a link to a folder.",
        examples=["0199c0de-1111-7c0a-8d1f-6c1b2a3f4e5d"],
    )
