"""Keyset cursors: where a page ended, as an opaque URL-safe string.

A cursor grants nothing: it holds only sort values of a row the caller has already seen, and every
query checks access again. So it is not signed; a tampered one is refused or finds another page.
"""

import base64
import binascii
import json

MAX_CURSOR_LENGTH = 2048


class InvalidCursor(ValueError):
    """The string is not a cursor this list has handed out."""


def encode_cursor(*values: str | int | None) -> str:
    """Pack the sort values of a page's last row."""
    packed = json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[str | int, ...]:
    """Unpack `cursor` into exactly one value of each of `types`.

    Raises:
        InvalidCursor: not base64, not a list, or a value of another type.
    """
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise InvalidCursor(cursor[:20])
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidCursor(cursor[:20]) from error
    if not isinstance(values, list) or [type(value) for value in values] != list(types):
        raise InvalidCursor(cursor[:20])
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in values):
        raise InvalidCursor(cursor[:20])
    if any(isinstance(value, str) and "\x00" in value for value in values):
        raise InvalidCursor(cursor[:20])
    return tuple(values)
