"""Durations as operators type them."""

import re
from datetime import timedelta

DURATION = re.compile(r"(\d{1,6})(s|m|h|d)", re.ASCII)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `24h` or `7d`.

    Raises:
        ValueError: anything else.
    """
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is no duration: write 90s, 15m, 24h or 7d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
