"""Names of files and folders: what is allowed, and when two of them are the same."""

import unicodedata

MAX_NAME_BYTES = 255
"""The limit of ext4, XFS, APFS and NTFS (in practice): a name that downloads anywhere."""

TOO_LONG = f"A name must not be longer than {MAX_NAME_BYTES} bytes of UTF-8."

_FORBIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
# Bidirectional controls let `gpj.exe` be shown as `exe.jpg` (Unicode TR36, CVE-2021-42574).
_BIDI_CONTROLS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PATH_CHARACTERS = set("/\\")


class InvalidName(ValueError):
    """The name cannot be stored; the message says what is wrong with it."""


def clean_name(raw: str) -> str:
    """Return `raw` in Unicode NFC without surrounding space.

    Raises:
        InvalidName: empty, `.` or `..`, over 255 bytes of UTF-8, or with a control, path or
            bidi-override character.
    """
    # Normalizing takes time that grows with the square of the length (CPython), so measure first:
    # nothing three times as long as a name becomes one.
    if len(raw) > 3 * MAX_NAME_BYTES:
        raise InvalidName(TOO_LONG)
    name = unicodedata.normalize("NFC", raw).strip()
    if name in {"", ".", ".."}:
        raise InvalidName("A name must not be empty, '.' or '..'.")
    for character in name:
        _refuse_unsafe(character)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidName(TOO_LONG)
    return name


def _refuse_unsafe(character: str) -> None:
    if character in _PATH_CHARACTERS:
        raise InvalidName("A name must not contain '/' or '\\'.")
    if character in _BIDI_CONTROLS:
        raise InvalidName("A name must not contain characters that reverse the reading direction.")
    if unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
        raise InvalidName(f"A name must not contain the character U+{ord(character):04X}.")


def name_key(name: str) -> str:
    """What two names share when a case-insensitive file system would call them the same."""
    return unicodedata.normalize("NFC", name.casefold())


def numbered_name(name: str, number: int) -> str:
    """`report.pdf`, 2 -> `report (2).pdf`, shortened so that it still fits."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16:  # noqa: PLR2004 - longer than any real extension
        stem, dot, extension = name, "", ""
    suffix = f" ({number}){dot}{extension}"
    room = MAX_NAME_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + suffix
