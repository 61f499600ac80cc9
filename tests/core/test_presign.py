"""Our signatures are botocore's, byte for byte, at the same instant."""

from datetime import UTC, datetime, timedelta
from functools import cache
from unittest import mock

import boto3
import pytest
from botocore import auth
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import DependencyUnavailable
from backend.core.s3.client import bucket_address
from backend.core.s3.credentials import Credentials
from backend.core.s3.presign import PartToSign, Presigner
from backend.core.settings import S3Settings
from backend.kit.text.disposition import content_disposition, harmless_content_type

LONG_TERM = Credentials("AKIA/EXAMPLE+1", "s3cr3t/+=")
SESSION = Credentials("ASIAEXAMPLE", "s3cr3t", token="FwoG/Zx+=% é")
AWS = ("bucket", "us-east-1", "auto", None)
HOUR = timedelta(hours=1)

addresses = st.sampled_from(
    [
        AWS,
        ("bucket", "eu-central-1", "auto", None),
        ("bucket", "eu-central-1", "path", None),
        ("bucket", "cn-north-1", "virtual", None),
        ("with.dots", "eu-central-1", "auto", None),
        ("bucket", "us-east-1", "auto", "http://127.0.0.1:9000"),
        ("bucket", "us-east-1", "path", "https://s3.example.com:443"),
        ("bucket", "garage", "virtual", "https://S3.Example.com:8443"),
        ("bucket", "us-east-1", "path", "https://gateway.example.com/s3/base"),
        ("bucket", "us-east-1", "path", "http://[::1]:9000"),
    ]
)
signers = st.tuples(addresses, st.sampled_from([LONG_TERM, SESSION]))
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
keys = texts | st.from_regex(r"objects/\d{8}/[0-9a-f-]{36}", fullmatch=True)
sizes = st.integers(0, 5 * 1024**3)
printable = st.characters(codec="ascii", exclude_categories=["Cc"])
types = st.text(printable, min_size=1).filter(str.strip)
checksums = st.none() | st.just("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
version_ids = st.none() | texts
seconds = st.integers(946_684_800, 4_102_444_800)
lifetimes = st.integers(1, 7 * 24 * 3600)


@cache
def session(credentials, region):
    return boto3.Session(
        credentials.access_key, credentials.secret_key, credentials.token, region_name=region
    )


@cache
def address_of(address):
    bucket, region, style, endpoint = address
    settings = S3Settings(
        bucket=bucket, AWS_REGION=region, addressing_style=style, endpoint_url=endpoint
    )
    return bucket_address(session(LONG_TERM, region), settings)


@cache
def botocore_client(address, credentials):
    bucket, region, style, endpoint = address
    if style == "auto":
        style = "path" if endpoint or "." in bucket else "virtual"
    return session(credentials, region).client(
        "s3",
        endpoint_url=endpoint,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": style, "us_east_1_regional_endpoint": "regional"},
            request_checksum_calculation="when_required",
        ),
    )


def presigner_at(second, address=AWS, credentials=LONG_TERM, **options):
    return Presigner(
        address_of(address),
        lambda: credentials,
        region=address[1],
        clock=lambda: second + 0.5,
        **options,
    )


class Instant:
    """Both signers at one instant.

    botocore signs in Python here even where its C signer is installed: that one writes the same
    parameters in another order.
    """

    def __init__(self, signer, second):
        address, credentials = signer
        self.presigner = presigner_at(second, address, credentials)
        self.bucket = address[0]
        self._client = botocore_client(address, credentials)
        self._now = datetime.fromtimestamp(second, UTC).replace(tzinfo=None)

    def botocore(self, method, *args):
        pure = {"s3v4-query": auth.S3SigV4QueryAuth, "s3v4-presign-post": auth.S3SigV4PostAuth}
        with (
            mock.patch.dict(auth.AUTH_TYPE_MAPS, pure),
            mock.patch("botocore.auth.get_current_datetime", return_value=self._now),
            mock.patch("botocore.signers.get_current_datetime", return_value=self._now),
        ):
            return getattr(self._client, method)(*args)

    def presigned_url(self, operation, lifetime, **params):
        params = {name: value for name, value in params.items() if value is not None}
        return self.botocore(
            "generate_presigned_url", operation, {"Bucket": self.bucket, **params}, lifetime
        )


class TestEqualsBotocore:
    @given(
        signer=signers,
        key=keys,
        size=sizes,
        content_type=types,
        checksum=checksums,
        second=seconds,
        lifetime=lifetimes,
    )
    def test_put(self, *, signer, key, size, content_type, checksum, second, lifetime):
        instant = Instant(signer, second)
        signed = instant.presigner.put(
            key,
            size=size,
            content_type=content_type,
            checksum_sha256=checksum,
            expires=timedelta(seconds=lifetime),
        )
        assert signed.url == instant.presigned_url(
            "put_object",
            lifetime,
            Key=key,
            ContentLength=size,
            ContentType=content_type,
            IfNoneMatch="*",
            ChecksumSHA256=checksum,
        )
        assert signed.expires_at == datetime.fromtimestamp(second + lifetime, UTC)

    @given(
        signer=signers,
        key=keys,
        upload_id=texts,
        number=st.integers(1, 10_000),
        size=sizes,
        checksum=checksums,
        second=seconds,
    )
    def test_part(self, *, signer, key, upload_id, number, size, checksum, second):
        instant = Instant(signer, second)
        signed = instant.presigner.part(
            key, upload_id, number, size=size, checksum_sha256=checksum, expires=HOUR
        )
        assert signed.url == instant.presigned_url(
            "upload_part",
            3600,
            Key=key,
            PartNumber=number,
            UploadId=upload_id,
            ContentLength=size,
            ChecksumSHA256=checksum,
        )

    @given(
        signer=signers,
        key=keys,
        filename=texts,
        content_type=types,
        version_id=version_ids,
        second=seconds,
    )
    def test_get(self, *, signer, key, filename, content_type, version_id, second):
        instant = Instant(signer, second)
        signed = instant.presigner.get(
            key, filename=filename, content_type=content_type, version_id=version_id, expires=HOUR
        )
        assert signed.headers == {}
        assert signed.url == instant.presigned_url(
            "get_object",
            3600,
            Key=key,
            ResponseCacheControl="private, no-cache",
            ResponseContentDisposition=content_disposition(filename),
            ResponseContentEncoding="identity",
            ResponseContentType=harmless_content_type(content_type),
            ResponseExpires=datetime.fromtimestamp(0, UTC),
            VersionId=version_id,
        )

    @given(
        signer=signers,
        key=keys,
        size=sizes,
        content_type=types,
        checksum=checksums,
        second=seconds,
        lifetime=lifetimes,
    )
    def test_post(self, *, signer, key, size, content_type, checksum, second, lifetime):
        instant = Instant(signer, second)
        form = instant.presigner.post(
            key,
            size=size,
            content_type=content_type,
            checksum_sha256=checksum,
            expires=timedelta(seconds=lifetime),
        )
        fields = {"Content-Type": " ".join(content_type.split()), "success_action_status": "201"}
        if checksum:
            fields["x-amz-checksum-sha256"] = checksum
        conditions: list[object] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", size, size])
        expected = instant.botocore(
            "generate_presigned_post", instant.bucket, key, fields, conditions, lifetime
        )
        assert form.fields == expected["fields"]
        assert form.url == expected["url"]


class TestHeaders:
    def test_the_client_is_told_every_header_that_is_signed(self):
        signed = presigner_at(0).put(
            "k", size=5, content_type=" text/plain;   x=1 ", checksum_sha256="abc", expires=HOUR
        )
        assert signed.headers == {
            "Content-Length": "5",
            "Content-Type": "text/plain; x=1",
            "If-None-Match": "*",
            "x-amz-checksum-sha256": "abc",
        }
        names = ["content-length", "content-type", "host", "if-none-match", "x-amz-checksum-sha256"]
        assert f"SignedHeaders={'%3B'.join(names)}&" in signed.url

    def test_if_none_match_is_left_out_for_a_store_without_it(self):
        presigner = presigner_at(0, conditional_writes=False)
        signed = presigner.put("k", size=5, content_type="text/plain", expires=HOUR)
        assert "If-None-Match" not in signed.headers
        assert "if-none-match" not in signed.url

    def test_ten_thousand_parts_are_signed_as_one_is(self):
        parts = [PartToSign(number, number * 7) for number in range(1, 10_001)]
        signed = list(presigner_at(0).parts("k", "u", parts, expires=HOUR))
        assert len({request.url for request in signed}) == 10_000
        assert signed[41] == presigner_at(0).part("k", "u", 42, size=42 * 7, expires=HOUR)


class TestLifetime:
    NOW = 1_800_000_000

    def sign(self, *, left, expires=HOUR):
        """Sign with session credentials that have `left` seconds to live."""
        credentials = Credentials("AK", "secret", "token", expires_at=self.NOW + 0.5 + left)
        presigner = presigner_at(self.NOW, credentials=credentials)
        return presigner.put("k", size=1, content_type="a/b", expires=expires)

    def test_a_url_ends_with_the_session_credentials(self):
        signed = self.sign(left=900)
        assert "X-Amz-Expires=900&" in signed.url
        assert signed.expires_at.timestamp() == self.NOW + 900

    def test_a_url_that_ends_before_them_keeps_its_lifetime(self):
        assert "X-Amz-Expires=3600&" in self.sign(left=7200).url

    def test_expired_credentials_sign_nothing(self):
        with pytest.raises(DependencyUnavailable) as caught:
            self.sign(left=0)
        assert caught.value.headers["Retry-After"]

    @pytest.mark.parametrize("expires", [timedelta(0), timedelta(days=7, seconds=1)])
    def test_a_lifetime_s3_would_refuse_is_refused_here(self, expires):
        with pytest.raises(ValueError, match="1 second to 7 days"):
            self.sign(left=7200, expires=expires)


def test_new_credentials_sign_within_the_same_second():
    current = [LONG_TERM]
    presigner = Presigner(
        address_of(AWS), lambda: current[0], region="us-east-1", clock=lambda: 1e9
    )
    before = presigner.put("k", size=1, content_type="a/b", expires=HOUR)
    current[0] = SESSION
    after = presigner.put("k", size=1, content_type="a/b", expires=HOUR)
    assert "ASIAEXAMPLE" not in before.url
    assert "ASIAEXAMPLE" in after.url


def test_clients_are_sent_to_the_public_endpoint():
    settings = S3Settings(
        bucket="bucket",
        endpoint_url="http://internal:9000",
        public_endpoint_url="https://s3.example.com",
    )
    address = bucket_address(session(LONG_TERM, "us-east-1"), settings)
    assert address.object_url == "https://s3.example.com/bucket/"
    assert address.post_url == "https://s3.example.com/bucket"
