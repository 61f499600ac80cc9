"""Content types: what is well-formed, and which patterns one matches."""

import re
from collections.abc import Iterable

# RFC 6838, 4.2 (names) and RFC 9110, 8.3.1 (parameters).
_WELL_FORMED = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
    r"(?:\s*;\s*[a-z0-9!#$%&'*+.^_`|~-]+=(?:[a-z0-9!#$%&'*+.^_`|~-]+|\"[^\"\\\x00-\x1f\x7f]*\"))*",
    re.IGNORECASE | re.ASCII,
)
MAX_LENGTH = 255


class InvalidContentType(ValueError):
    """Not a content type."""


def clean_content_type(raw: str) -> str:
    """Return `raw` with single spaces, its parameters included.

    Raises:
        InvalidContentType: malformed, or longer than 255 characters.
    """
    value = " ".join(raw.split())
    if len(value) > MAX_LENGTH or not _WELL_FORMED.fullmatch(value):
        raise InvalidContentType(raw[:MAX_LENGTH])
    return value


def essence_of(content_type: str) -> str:
    """The type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def matches(essence: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns covers it: `image/png`, `image/*` or `*/*`."""
    family = essence.partition("/")[0] + "/*"
    return bool({essence, family, "*/*"} & {pattern.lower() for pattern in patterns})
