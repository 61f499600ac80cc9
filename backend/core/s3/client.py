"""The only place that uses boto3: its clients, and the translation of its errors."""

import base64
import hashlib
import math
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.loaders import JSONFileLoader
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from backend.core.limits.guarded_service import Fault, Refused
from backend.core.s3.credentials import Credentials, CredentialsMissing, RenewedCredentials
from backend.core.s3.presign import BucketAddress
from backend.core.settings import S3Settings

if TYPE_CHECKING:
    from botocore.credentials import Credentials as BotoCredentials
    from botocore.model import OperationModel
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

_FAULTS = (
    BotoConnectionError,
    HTTPClientError,
    ResponseParserError,
    IncompleteReadError,
    HTTPError,  # botocore translates only some of those raised while reading a body
    CredentialRetrievalError,
    MetadataRetrievalError,
    NoCredentialsError,
)
# S3 can answer 200 with an error in the body, which botocore turns into a 500: these codes mean
# the request was wrong, whatever the status says.
_REFUSALS = {"EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidRequest", "NoSuchUpload"}
# The last three are for the credential chain.
_IN_USE = {"s3", "sqs", "sts", "portal.sso", "oidc"}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_WITH_CONTENT = (200, 206)
_SERVER_ERROR = 500
_TOO_MANY = 429


class _EndpointsInUse(JSONFileLoader):
    """Omits the endpoints of services we do not call, which take 7 MB in each process."""

    def load_file(self, file_path: str) -> Any:
        data = super().load_file(file_path)
        if data and Path(file_path).name == "endpoints":
            for partition in data["partitions"]:
                services = partition["services"]
                partition["services"] = {name: services[name] for name in _IN_USE & services.keys()}
        return data


def open_session(settings: S3Settings) -> boto3.Session:
    """A session with the standard credential chain. Blocks."""
    session = botocore.session.get_session()
    session.get_component("data_loader").file_loader = _EndpointsInUse()
    return boto3.Session(region_name=settings.region, botocore_session=session)


def session_credentials(session: boto3.Session) -> RenewedCredentials:
    """The session's credentials, as a source for signing. Blocks: they may need the network.

    Raises:
        CredentialsMissing: the chain finds none.
    """
    provider = session.get_credentials()
    if provider is None:
        raise CredentialsMissing(CredentialsMissing.__doc__)
    return RenewedCredentials(partial(_read_credentials, provider))


def _read_credentials(provider: "BotoCredentials") -> Credentials:
    """One consistent snapshot, which botocore renews first if it is about to expire."""
    frozen = provider.get_frozen_credentials()
    if not frozen.access_key or not frozen.secret_key:
        raise CredentialsMissing(CredentialsMissing.__doc__)
    # botocore offers no public way to learn when its credentials expire.
    expiry = getattr(provider, "_expiry_time", None)
    expires_at = expiry.timestamp() if expiry else math.inf
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token, expires_at)


def s3_client(session: boto3.Session, settings: S3Settings, endpoint: str | None) -> "S3Client":
    """A thread-safe client for control calls.

    It sends checksums only where S3 requires them: other servers refuse what they do not know.
    """
    client: S3Client = session.client(
        "s3",
        endpoint_url=endpoint,
        config=Config(
            signature_version="s3v4",
            s3={
                "addressing_style": _addressing_style(settings, endpoint),
                "us_east_1_regional_endpoint": "regional",
            },
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            retries={"mode": "standard", "total_max_attempts": settings.max_attempts},
            # Transfers of bytes are in addition to the control calls.
            max_pool_connections=settings.max_concurrency + 2 * settings.max_streams,
            tcp_keepalive=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    client.meta.events.register("before-call.s3.DeleteObjects", _add_content_md5)
    if endpoint and urlsplit(endpoint).hostname in _LOOPBACK:
        client.meta.events.register("before-call.s3.CopyObject", _ask_for_checksum_by_old_name)
    client.meta.events.register("before-parse.s3", _refuse_cut_headers)
    return client


def sqs_client(session: boto3.Session, queue_url: str, *, wait: float) -> "SQSClient":
    """A client for the queue at `queue_url`, with a timeout that allows polls of `wait` seconds."""
    url = urlsplit(queue_url)
    client: SQSClient = session.client(
        "sqs",
        endpoint_url=f"{url.scheme}://{url.netloc}",
        config=Config(
            connect_timeout=2,
            read_timeout=wait + 5,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
    return client


def bucket_address(session: boto3.Session, settings: S3Settings) -> BucketAddress:
    """Where clients reach the bucket, as botocore computes it from region, style and endpoint."""
    client = s3_client(session, settings, settings.public_endpoint_url or settings.endpoint_url)
    url = client.generate_presigned_url("get_object", {"Bucket": settings.bucket, "Key": "k"})
    form = client.generate_presigned_post(settings.bucket, "k")
    return BucketAddress(settings.bucket, url.partition("?")[0].removesuffix("k"), form["url"])


def in_our_words(error: Exception) -> Fault | Refused | None:
    """Translate an exception of botocore: S3 failed (5xx, throttling, no answer), or refused."""
    if isinstance(error, _FAULTS):
        return Fault(type(error).__name__)
    if not isinstance(error, ClientError):
        return None
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    failed = status >= _SERVER_ERROR or status == _TOO_MANY
    return Fault(code) if failed and code not in _REFUSALS else Refused(code)


def end_reads(body: Any) -> None:
    """Wake a thread that waits for bytes of an object by ending its connection. Never blocks."""
    with suppress(ValueError, RuntimeError, OSError):  # it has already ended
        # The urllib3 response: botocore exposes its `close`, but not this method.
        body.__enter__().shutdown()


def _addressing_style(settings: S3Settings, endpoint: str | None) -> Literal["path", "virtual"]:
    """What "auto" means: AWS by host name, unless a dot breaks its certificate; otherwise by path.

    botocore's own "auto" signs for the global endpoint, which redirects outside us-east-1.
    """
    if settings.addressing_style != "auto":
        return settings.addressing_style
    return "path" if endpoint or "." in settings.bucket else "virtual"


def _add_content_md5(params: dict[str, Any], **_: Any) -> None:
    """Swift's S3 API and older servers accept DeleteObjects only with Content-MD5."""
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _ask_for_checksum_by_old_name(params: dict[str, Any], **_: Any) -> None:
    """The embedded store computes a copy's checksum only if asked with PutObject's header.

    Other servers do not get it: some refuse this header without an actual checksum (Versity).
    """
    headers = params["headers"]
    headers["x-amz-sdk-checksum-algorithm"] = headers["x-amz-checksum-algorithm"]


def _refuse_cut_headers(
    response_dict: dict[str, Any], operation_model: "OperationModel", **_: Any
) -> None:
    """Detect a connection that broke within the headers, which looks like a short response.

    Every response states its length (RFC 9112, 6.3), and S3 gives every object an ETag.
    """
    if response_dict["status_code"] not in _WITH_CONTENT:
        return
    headers = response_dict["headers"]
    has_end = "content-length" in headers or "transfer-encoding" in headers
    of_object = operation_model.name in {"HeadObject", "GetObject"}
    if not has_end or (of_object and "etag" not in headers):
        raise ResponseParserError("The response headers are incomplete.")
