import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.text.disposition import (
    OPAQUE,
    content_disposition,
    harmless_content_type,
    shown_inline,
)


def name_read_by_a_client(header: str) -> str:
    """RFC 6266, 4.3: `filename*` wins over `filename`."""
    plain, star, extended = header.partition("; filename*=UTF-8''")
    return unquote(extended) if star else plain.removeprefix('attachment; filename="')[:-1]


class TestContentDisposition:
    def test_a_plain_name_is_quoted_and_nothing_more(self):
        assert content_disposition("a b.txt") == 'attachment; filename="a b.txt"'

    def test_another_script_gets_a_fallback_and_the_real_name(self):
        assert content_disposition("Grüße €.pdf") == (
            "attachment; filename=\"Gru_e _.pdf\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%E2%82%AC.pdf"
        )

    def test_inline_is_said_when_asked_for(self):
        assert content_disposition("a.png", "inline") == 'inline; filename="a.png"'

    @pytest.mark.parametrize("name", ['"; x="', "a\r\nSet-Cookie: b", "a\\b", "50%41.txt", "\x00"])
    def test_nothing_in_a_name_can_end_the_quotes_or_the_header(self, name):
        header = content_disposition(name)
        assert re.fullmatch(r'attachment; filename="[^"\\%]+"; filename\*=UTF-8\'\'[!-~]+', header)

    @given(st.text(min_size=1))
    def test_is_one_ascii_line_for_every_name(self, name):
        header = content_disposition(name)
        assert header.isascii()
        assert header.isprintable()

    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    def test_a_client_reads_the_name_that_was_given(self, name):
        assert name_read_by_a_client(content_disposition(name)) == name


class TestHarmlessContentType:
    @pytest.mark.parametrize(
        "dangerous",
        [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            " text/html",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/xml",
            "application/vnd.mozilla.xul+xml",
            "application/javascript",
            "text/javascript",
            "text/css",
            "application/wasm",
            "application/x-shockwave-flash",
            "multipart/x-mixed-replace",
            "message/rfc822",
            "text/vtt",
            "text/plain\r\nX: y",
            "nonsense",
            "",
        ],
    )
    def test_what_a_browser_might_run_becomes_opaque(self, dangerous):
        assert harmless_content_type(dangerous) == OPAQUE
        assert not shown_inline(dangerous)

    @pytest.mark.parametrize(
        "passive",
        [
            "image/png",
            "application/pdf",
            "video/mp4",
            "audio/mpeg",
            "application/zip",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ],
    )
    def test_what_is_only_looked_at_keeps_its_type(self, passive):
        assert harmless_content_type(passive) == passive

    @pytest.mark.parametrize("text", ["text/plain", "text/csv", "Text/Plain;charset=utf-7"])
    def test_text_is_utf_8_whatever_was_claimed(self, text):
        kind = text.partition(";")[0].lower()
        assert harmless_content_type(text) == f"{kind}; charset=utf-8"

    @given(st.text())
    def test_is_one_ascii_line_for_every_type(self, content_type):
        harmless = harmless_content_type(content_type)
        assert harmless.isascii()
        assert harmless.isprintable()


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("image/png", True),
        ("video/mp4", True),
        ("application/pdf", True),
        ("text/plain", True),
        ("application/zip", False),
        ("image/tiff", True),
        ("text/csv", False),
    ],
)
def test_only_what_browsers_render_safely_is_shown_inline(content_type, expected):
    assert shown_inline(content_type) is expected
