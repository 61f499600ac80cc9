import base64
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.checksums import (
    Checksum,
    ChecksumType,
    InvalidChecksum,
    parse_s3_sha256,
    parse_sha256,
)


def encoded(content: bytes) -> str:
    return base64.b64encode(sha256(content).digest()).decode()


class TestParseSha256:
    @given(st.binary())
    def test_keeps_what_s3_writes(self, content):
        assert parse_sha256(encoded(content)) == encoded(content)

    def test_has_one_spelling_for_one_digest(self):
        canonical = encoded(b"hello")
        assert canonical.endswith("Q=")
        # The last two bits of the final character are not part of the digest.
        assert parse_sha256(canonical[:-2] + "R=") == canonical

    @given(st.text())
    def test_never_fails_in_another_way(self, text):
        with suppress(InvalidChecksum):
            assert len(parse_sha256(text)) == 44

    @pytest.mark.parametrize(
        "text",
        ["", "AAAA", sha256(b"").hexdigest(), encoded(b"")[:-1], encoded(b"") + "\n", "ü" * 44],
    )
    def test_refuses_anything_else(self, text):
        with pytest.raises(InvalidChecksum):
            parse_sha256(text)


class TestParseS3Sha256:
    def test_reads_the_checksum_of_a_single_put(self):
        value = encoded(b"hello")
        assert parse_s3_sha256(value) == Checksum(value, ChecksumType.FULL_OBJECT)

    def test_reads_the_checksum_of_a_multipart_upload(self):
        value = encoded(b"hello") + "-3"
        assert parse_s3_sha256(value) == Checksum(value, ChecksumType.COMPOSITE)

    @pytest.mark.parametrize("count", ["", "0", "-1", "x", "²", "1-2"])
    def test_refuses_an_impossible_part_count(self, count):
        with pytest.raises(InvalidChecksum):
            parse_s3_sha256(f"{encoded(b'')}-{count}")
