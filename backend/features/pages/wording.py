"""Sizes, types and times in human-readable form."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

_WORDS = re.compile(r"[^_.\-+]+[_.\-+]*|[_.\-+]+")
UNITS = ("kB", "MB", "GB", "TB")
STEP = 1000
"""SI units (IEC 80000-13), as macOS, Android and disk manufacturers use them."""


def human_size(size: int) -> str:
    """`48213` -> `48.2 kB`: three digits suffice to decide whether to download."""
    if size < STEP:
        return "1 byte" if size == 1 else f"{size} bytes"
    amount = float(size)
    for unit in UNITS:
        amount /= STEP
        shown = f"{amount:.1f}" if amount < 99.95 else f"{amount:.0f}"  # noqa: PLR2004
        if float(shown) < STEP or unit == UNITS[-1]:
            break
    return f"{shown.removesuffix('.0')} {unit}"


def human_time(moment: datetime) -> str:
    """`28 Nov 2026, 14:00 UTC`."""
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def human_date(moment: datetime) -> str:
    """`28 Nov 2026`."""
    return f"{moment.day} {moment:%b %Y}"


def time_left(span: timedelta) -> str:
    """`in 7 days`, rounded down, so that it never promises too much."""
    minutes = int(span.total_seconds() // 60)
    for length, unit in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if count := minutes // length:
            return f"in {count} {unit}{'s' * (count != 1)}"
    return "in less than a minute"


def breakable(name: str) -> Markup:
    """The escaped name, with permitted line breaks after its words: `a_long_name.tar.gz`."""
    return Markup("<wbr>").join(_WORDS.findall(name))


class Kind(NamedTuple):
    """The label and the icon for a type of file."""

    label: str
    icon: str


FOLDER = Kind("Folder", "folder")
PLAIN = Kind("File", "file")

_BY_TYPE = {
    "application/pdf": Kind("PDF document", "document"),
    "application/zip": Kind("ZIP archive", "archive"),
    "application/gzip": Kind("GZIP archive", "archive"),
    "application/x-tar": Kind("TAR archive", "archive"),
    "application/x-7z-compressed": Kind("7-Zip archive", "archive"),
    "application/json": Kind("JSON data", "code"),
    "application/msword": Kind("Word document", "document"),
    "application/rtf": Kind("Rich text", "document"),
    "application/vnd.ms-excel": Kind("Excel spreadsheet", "table"),
    "application/vnd.oasis.opendocument.spreadsheet": Kind("Spreadsheet", "table"),
    "application/vnd.oasis.opendocument.text": Kind("Text document", "document"),
    "text/csv": Kind("CSV table", "table"),
    "text/html": Kind("Web page", "code"),
    "text/markdown": Kind("Markdown text", "document"),
    "text/plain": Kind("Text", "document"),
}
_BY_OFFICE_PART = {
    "wordprocessingml": Kind("Word document", "document"),
    "spreadsheetml": Kind("Excel spreadsheet", "table"),
    "presentationml": Kind("PowerPoint presentation", "document"),
}
_BY_FAMILY = {"image": "image", "video": "video", "audio": "audio", "text": "document"}
_LONGEST_EXTENSION = 5


def kind_of(name: str, content_type: str | None) -> Kind:
    """The label and icon for a file, from its type or, failing that, its extension."""
    essence = (content_type or "").partition(";")[0].strip().lower()
    if known := _BY_TYPE.get(essence):
        return known
    for part, kind in _BY_OFFICE_PART.items():
        if part in essence:
            return kind
    family, _, subtype = essence.partition("/")
    if icon := _BY_FAMILY.get(family):
        return Kind(f"{_extension(name) or subtype.upper()} {family}", icon)
    extension = _extension(name)
    return Kind(f"{extension} file", "file") if extension else PLAIN


def _extension(name: str) -> str:
    """`PNG` for `photo.png`; empty if what follows the dot is not an extension."""
    stem, _, extension = name.rpartition(".")
    plausible = extension.isascii() and extension.isalnum() and len(extension) <= _LONGEST_EXTENSION
    return extension.upper() if stem and plausible else ""
