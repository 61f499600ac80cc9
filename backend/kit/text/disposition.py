"""The headers of a download, chosen so that browsers save the file and never execute it.

The bucket's origin cannot send `X-Content-Type-Options` (S3 offers no such override), so safety
depends on the content type and the disposition alone: a type is kept only if no browser executes
it; everything else becomes `application/octet-stream`.
"""

import re
import unicodedata
from typing import Literal
from urllib.parse import quote

from backend.kit.text.content_types import essence_of

Disposition = Literal["attachment", "inline"]

OPAQUE = "application/octet-stream"

_TEXT = {"text/csv", "text/markdown", "text/plain"}
_IMAGES = {"image/avif", "image/bmp", "image/gif", "image/heic", "image/jpeg", "image/png"}
_IMAGES |= {"image/tiff", "image/webp"}
_FILES = {"application/gzip", "application/json", "application/msword", "application/pdf"}
_FILES |= {"application/rtf", "application/x-7z-compressed", "application/x-tar", "application/zip"}
# Families: audio and video, and vendor types (office documents and the like).
_FAMILIES = re.compile(r"(audio/|video/|application/vnd\.)[a-z0-9.+_-]+")
_PASSIVE = _IMAGES | _FILES
_XML = ("+xml", "/xml")  # may carry scripts, whatever the family
_SHOWN_INLINE = _IMAGES | {"application/pdf", "text/plain"}

# RFC 8187 attr-char: what `filename*` may contain unescaped.
_ATTR_CHARS = "!#$&+-.^_`|~"
# Not safe in the fallback: quoting characters, separators, and `%`, which some clients decode.
_UNSAFE_IN_FALLBACK = re.compile(r'[^ -~]|["\\/%]')


def harmless_content_type(content_type: str) -> str:
    """The type to serve a stored file with: its own if passive, otherwise one nothing executes.

    HTML, SVG, XML, scripts and every type not known to be passive are replaced. Parameters are
    dropped and text is declared as UTF-8: a charset can change what text means.
    """
    kind = essence_of(content_type)
    if kind in _TEXT:
        return f"{kind}; charset=utf-8"
    return kind if kind in _PASSIVE or _in_passive_family(kind) else OPAQUE


def shown_inline(content_type: str) -> bool:
    """Whether a browser may display this type inline: raster images, media, PDF, plain text."""
    kind = essence_of(content_type)
    is_media = kind.startswith(("audio/", "video/")) and _in_passive_family(kind)
    return is_media or kind in _SHOWN_INLINE


def content_disposition(filename: str, disposition: Disposition = "attachment") -> str:
    """The `Content-Disposition` of RFC 6266 for a file name in any script.

    An ASCII fallback for old clients comes first; `filename*` (RFC 8187) follows when the
    fallback lost something. The result is pure ASCII on one line, whatever the name contains.
    """
    fallback = _UNSAFE_IN_FALLBACK.sub("_", _without_accents(filename)) or "_"
    plain = f'{disposition}; filename="{fallback}"'
    if fallback == filename:
        return plain
    return f"{plain}; filename*=UTF-8''{quote(filename, safe=_ATTR_CHARS, errors='replace')}"


def _in_passive_family(kind: str) -> bool:
    return _FAMILIES.fullmatch(kind) is not None and not kind.endswith(_XML)


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
