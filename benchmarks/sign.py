"""Microseconds to presign one URL: ours beside botocore and awscrt, in one run.

    .venv/bin/python -m benchmarks.sign

Needs no server. Every signer is first checked to give the same signature.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from urllib.parse import parse_qs, urlsplit

import boto3
from awscrt import auth as crt_auth
from awscrt.http import HttpHeaders, HttpRequest
from botocore import auth
from botocore.config import Config

from backend.core.s3.client import bucket_address
from backend.core.s3.credentials import Credentials
from backend.core.s3.presign import PartToSign, Presigner
from backend.core.settings import S3Settings

ACCESS_KEY, SECRET_KEY, REGION, BUCKET = "AKIAEXAMPLE", "secret", "eu-central-1", "bucket"
KEY = "objects/20261121/019aa3f0-0000-7000-8000-000000000000"
HOUR = timedelta(hours=1)
ROUNDS = 7

session = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
client = session.client(
    "s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
)
credentials = Credentials(ACCESS_KEY, SECRET_KEY)
address = bucket_address(session, S3Settings(bucket=BUCKET, AWS_REGION=REGION))
presigner = Presigner(address, lambda: credentials, region=REGION)
crt_provider = crt_auth.AwsCredentialsProvider.new_static(ACCESS_KEY, SECRET_KEY)
crt_signers = {name: auth.AUTH_TYPE_MAPS[name] for name in ("s3v4-query",)}


def ours() -> str:
    """Our presigner."""
    return presigner.put(KEY, size=5, content_type="text/plain", expires=HOUR).url


def botocore() -> str:
    """botocore with its own signer in Python."""
    auth.AUTH_TYPE_MAPS["s3v4-query"] = auth.S3SigV4QueryAuth
    return _generate()


def botocore_with_awscrt() -> str:
    """botocore as it is where awscrt is installed."""
    auth.AUTH_TYPE_MAPS.update(crt_signers)
    return _generate()


def awscrt() -> str:
    """awscrt's signer, called directly."""
    host = urlsplit(address.object_url).netloc
    headers = [("content-length", "5"), ("content-type", "text/plain"), ("host", host)]
    headers.append(("if-none-match", "*"))
    request = HttpRequest("PUT", f"/{KEY}", HttpHeaders(headers))
    config = crt_auth.AwsSigningConfig(
        algorithm=crt_auth.AwsSigningAlgorithm.V4,
        signature_type=crt_auth.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
        credentials_provider=crt_provider,
        region=REGION,
        service="s3",
        date=datetime.now(UTC),
        use_double_uri_encode=False,
        should_normalize_uri_path=False,
        signed_body_value="UNSIGNED-PAYLOAD",
        expiration_in_seconds=3600,
    )
    return f"https://{host}{crt_auth.aws_sign_request(request, config).result().path}"


def _generate() -> str:
    parameters = {"Bucket": BUCKET, "Key": KEY, "ContentLength": 5}
    parameters |= {"ContentType": "text/plain", "IfNoneMatch": "*"}
    return client.generate_presigned_url("put_object", parameters, 3600)


def signature(url: str) -> str:
    """What the four must agree on; the order of parameters is each signer's own."""
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]


def check_agreement(signers: list[Callable[[], str]]) -> None:
    """All in the same second, so try again when the clock ticked in between."""
    for _ in range(3):
        if len({signature(sign()) for sign in signers}) == 1:
            return
    raise SystemExit("The signers disagree.")


def microseconds(sign: Callable[[], object], count: int) -> float:
    """CPU time of one call, the median of a few rounds."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(count):
            sign()
        rounds.append((time.process_time() - started) / count * 1e6)
    return median(rounds)


def main() -> None:
    """Print the table."""
    signers = [botocore, botocore_with_awscrt, awscrt, ours]
    check_agreement(signers)
    print(f"{'signer':24}{'us per URL':>12}")
    for sign in signers:
        print(f"{sign.__name__:24}{microseconds(sign, 2000):12.1f}")
    parts = [PartToSign(number, 16 * 1024**2) for number in range(1, 10_001)]
    in_all = microseconds(lambda: list(presigner.parts(KEY, "u" * 64, parts, expires=HOUR)), 1)
    print(f"{'ours, 10,000 parts':24}{in_all / 1000:9.1f} ms")


if __name__ == "__main__":
    main()
