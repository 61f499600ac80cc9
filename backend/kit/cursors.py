"""Keyset cursors: where a page ended, as an opaque URL-safe string.

A cursor grants nothing: it contains only sort values of a row the caller has already seen, and
every query checks access again. So it is not signed; a forged one is refused or finds another page.
"""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

MAX_CURSOR_LENGTH = 2048


class InvalidCursor(ValueError):
    """The string is not a cursor from this list."""


def encode_cursor(*values: str | int | UUID | datetime) -> str:
    """Pack the sort values of a page's last row."""
    plain = [value if isinstance(value, str | int) else _written(value) for value in values]
    packed = json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _written(value: UUID | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """Unpack `cursor` into exactly one value of each of `types`: str, int, UUID or datetime.

    Raises:
        InvalidCursor: it is not base64, not a list, or has a value of another type.
    """
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise InvalidCursor(cursor[:20])
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded))
        if not isinstance(values, list) or len(values) != len(types):
            raise InvalidCursor(cursor[:20])
        return tuple(map(_read, values, types))
    except (binascii.Error, ValueError, OverflowError, RecursionError) as error:
        raise InvalidCursor(cursor[:20]) from error


def _read(value: object, wanted: type) -> str | int | UUID | datetime:
    """Turn one JSON value into a value that PostgreSQL accepts as `wanted`."""
    if wanted is int and type(value) is int and abs(value) < 2**63:
        return value
    if not isinstance(value, str) or wanted is int or not _storable(value):
        raise InvalidCursor(str(value)[:20])
    if wanted is UUID:
        return UUID(value)
    # In UTC, as the driver requires: times in years 1 and 9999 may have no UTC counterpart.
    return datetime.fromisoformat(value).astimezone(UTC) if wanted is datetime else value


def _storable(text: str) -> bool:
    """Whether PostgreSQL accepts it: no NUL and no lone surrogates, which JSON can contain."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
