from datetime import UTC, datetime, timedelta

import pytest

from backend.features.pages.wording import (
    breakable,
    human_date,
    human_size,
    human_time,
    kind_of,
    time_left,
)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (48213, "48.2 kB"),
        (999_940, "1 MB"),
        (123_456_789, "123 MB"),
        (50 * 10**12, "50 TB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert human_size(size) == words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=7, hours=23), "in 7 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=5, minutes=59), "in 5 hours"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(seconds=59), "in less than a minute"),
    ],
)
def test_what_is_left_is_never_more_than_there_is(span: timedelta, words: str) -> None:
    assert time_left(span) == words


def test_times() -> None:
    moment = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)

    assert human_time(moment) == "3 Nov 2026, 14:05 UTC"
    assert human_date(moment) == "3 Nov 2026"


@pytest.mark.parametrize(
    ("name", "content_type", "label", "icon"),
    [
        ("a.pdf", "application/pdf", "PDF document", "document"),
        ("photo.jpeg", "image/jpeg", "JPEG image", "image"),
        ("photo", "image/png", "PNG image", "image"),
        ("song", "audio/flac; codecs=x", "FLAC audio", "audio"),
        (
            "t.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            *("Excel spreadsheet", "table"),
        ),
        ("route.gpx", "application/gpx+xml", "GPX file", "file"),
        ("archive.final version", "application/x-unknown", "File", "file"),
        (".profile", None, "File", "file"),
    ],
)
def test_kinds(name: str, content_type: str | None, label: str, icon: str) -> None:
    assert kind_of(name, content_type) == (label, icon)


@pytest.mark.parametrize("name", ["a_long-name.tar.gz", "__x", "plain", "-", "ä.ö"])
def test_a_name_may_break_but_stays_itself(name: str) -> None:
    assert breakable(name).replace("<wbr>", "") == name


def test_a_name_is_escaped_before_it_breaks() -> None:
    assert breakable("<b>.<i>") == "&lt;b&gt;.<wbr>&lt;i&gt;"
