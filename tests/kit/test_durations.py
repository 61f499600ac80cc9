from datetime import timedelta

import pytest

from backend.kit.durations import parse_duration


def test_units() -> None:
    assert parse_duration("90s") == timedelta(seconds=90)
    assert parse_duration("15m") == timedelta(minutes=15)
    assert parse_duration("24h") == timedelta(days=1)
    assert parse_duration(" 7d ") == timedelta(days=7)


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1.5h", "1 h", "9999999d", "٣h"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)
