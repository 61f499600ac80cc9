"""Does the object store enforce what is signed? Asked once, before a process serves.

A store that accepts `x-amz-*` headers that nobody signed lets whoever has an upload URL add
`x-amz-copy-source`, and so copy any object whose key they know into a file of their own.
"""

from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from backend.core.s3.client import bucket_address, open_session, s3_client, session_credentials
from backend.core.s3.presign import Presigner
from backend.core.s3.storage import OBJECT_PREFIX
from backend.core.settings import S3Settings
from backend.kit.ids import uuid7

_REFUSED = 400, 403


def accepts_unsigned_headers(settings: S3Settings) -> bool:
    """Write an empty object with a header that is not signed; delete it if the store took it.

    Blocks, for no longer than `read_timeout` for each of two requests.

    Raises:
        OSError: the store cannot be reached, or failed.
    """
    session = open_session(settings)
    # From here: clients may reach the store at an address that leads nowhere inside.
    inside = settings.model_copy(update={"public_endpoint_url": None})
    presigner = Presigner(
        bucket_address(session, inside), session_credentials(session), region=settings.region
    )
    key = f"{OBJECT_PREFIX}{datetime.now(UTC):%Y%m%d}/{uuid7()}"
    put = presigner.put(key, size=0, content_type="text/plain", expires=timedelta(minutes=1))
    if not _sent(put.url, put.headers | {"x-amz-meta-unsigned": "1"}, settings.read_timeout):
        return False
    client = s3_client(session, settings, settings.endpoint_url)
    client.delete_object(Bucket=settings.bucket, Key=key)
    return True


def _sent(url: str, headers: dict[str, str], timeout: float) -> bool:
    request = Request(url, b"", headers, method="PUT")  # noqa: S310 - our own endpoint's scheme
    try:
        with urlopen(request, timeout=timeout):  # noqa: S310 - likewise
            return True
    except HTTPError as answer:
        if answer.code in _REFUSED:
            return False
        raise
