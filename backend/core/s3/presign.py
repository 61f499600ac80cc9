"""Presigned requests to the bucket: one write, one part, one form or one read each.

A signature covers everything that defines the request: its key and method, the exact length, the
content type, the checksum if known, and that the key must be new. S3 itself refuses anything else,
and no bytes pass through here.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import quote, urlsplit

from backend.core.observability import metrics
from backend.core.s3.credentials import CredentialsSource
from backend.core.s3.sigv4 import SignedRequest, Signer, escape
from backend.kit.text.disposition import (
    Disposition,
    content_disposition,
    harmless_content_type,
    shown_inline,
)

CHECKSUM_HEADER = "x-amz-checksum-sha256"
LANDING = timedelta(minutes=5)
"""S3 checks a signature when a request starts: what starts in time may finish a little later."""


LONG_AGO = escape("Thu, 01 Jan 1970 00:00:00 GMT")


class BucketAddress(NamedTuple):
    """Where clients reach a bucket: the URL to append keys to, and the URL to post forms to."""

    bucket: str
    object_url: str
    post_url: str


class PostForm(NamedTuple):
    """A form a browser may post until `expires_at`; the file goes last, in the field `file`."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class PartToSign(NamedTuple):
    """One part of a multipart upload: its length in bytes, and its base64 SHA-256 if known."""

    part_number: int
    size: int
    checksum_sha256: str | None = None


class Presigner:
    """Signs requests to one bucket; no call touches the network or waits.

    Every method raises DependencyUnavailable once the session credentials have expired, and
    ValueError for a lifetime outside 1 second to 7 days. A request never outlives the session
    credentials it was signed with: `expires_at` says when it expires. `origin` is the origin of
    downloads, for the policies of our own pages.
    """

    def __init__(
        self,
        address: BucketAddress,
        credentials: CredentialsSource,
        *,
        region: str,
        conditional_writes: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        url = urlsplit(address.object_url)
        self.origin = f"{url.scheme}://{url.netloc}"
        self._address = address
        self._base_path = url.path
        self._conditional_writes = conditional_writes
        self._signer = Signer(self.origin, credentials, region=region, clock=clock)

    @metrics.signing_duration.labels("put").time()
    def put(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        checksum_sha256: str | None = None,
        expires: timedelta,
    ) -> SignedRequest:
        """Let a client write one new object, once, with exactly this size, type and content.

        With `conditional_writes`, S3 answers 412 to a second write (`If-None-Match: *`).
        """
        headers = {"Content-Length": str(size), "Content-Type": _one_line(content_type)}
        if self._conditional_writes:
            headers["If-None-Match"] = "*"
        if checksum_sha256:
            headers[CHECKSUM_HEADER] = checksum_sha256
        window = self._signer.window(expires)
        return self._signer.request(window, "PUT", self._path(key), "", headers)

    def part(
        self,
        key: str,
        upload_id: str,
        part_number: int,
        *,
        size: int,
        checksum_sha256: str | None = None,
        expires: timedelta,
    ) -> SignedRequest:
        """Let a client write one part of a multipart upload; see `parts`."""
        part = PartToSign(part_number, size, checksum_sha256)
        return next(self.parts(key, upload_id, [part], expires=expires))

    def parts(
        self, key: str, upload_id: str, parts: Iterable[PartToSign], *, expires: timedelta
    ) -> Iterator[SignedRequest]:
        """Let a client write parts of a multipart upload, with exactly these lengths and contents.

        Signs lazily, at a few microseconds per part: to sign thousands without delaying other
        requests, take some at a time and yield to the event loop in between.
        """
        window = self._signer.window(expires)
        path = self._path(key)
        upload = escape(upload_id)
        spent = 0.0
        for number, size, checksum in parts:
            started = time.perf_counter()
            headers = {"Content-Length": str(size)}
            if checksum:
                headers[CHECKSUM_HEADER] = checksum
            query = f"partNumber={number}&uploadId={upload}"
            request = self._signer.request(window, "PUT", path, query, headers)
            spent += time.perf_counter() - started
            yield request
        metrics.signing_duration.labels("parts").observe(spent)

    @metrics.signing_duration.labels("post").time()
    def post(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        checksum_sha256: str | None = None,
        expires: timedelta,
    ) -> PostForm:
        """Let a browser post one object, with exactly this key, size, type and content.

        A form cannot carry `If-None-Match`: until it expires, it may be posted again.
        """
        fields = {"Content-Type": _one_line(content_type), "success_action_status": "201"}
        if checksum_sha256:
            fields[CHECKSUM_HEADER] = checksum_sha256
        conditions: list[object] = [
            *({name: value} for name, value in fields.items()),
            ["content-length-range", size, size],
            {"bucket": self._address.bucket},
            {"key": key},
        ]
        window = self._signer.window(expires)
        fields |= {"key": key, **self._signer.form_fields(window, conditions)}
        return PostForm(self._address.post_url, fields, window.expires_at)

    @metrics.signing_duration.labels("get").time()
    def get(
        self,
        key: str,
        *,
        filename: str,
        content_type: str,
        disposition: Disposition = "attachment",
        version_id: str | None = None,
        expires: timedelta,
        method: Literal["GET", "HEAD"] = "GET",
    ) -> SignedRequest:
        """Let a client read one object under a file name, as a type that no browser executes.

        The encoding and the caching are overridden, too: who uploads may have added their headers.

        `inline` is honoured only for types that are safe to show. The method is signed, too: a URL
        signed for GET answers 403 to HEAD.
        """
        shown = disposition if shown_inline(content_type) else "attachment"
        query = (
            "response-cache-control=private%2C%20no-cache"
            f"&response-content-disposition={escape(content_disposition(filename, shown))}"
            "&response-content-encoding=identity"
            f"&response-content-type={escape(harmless_content_type(content_type))}"
            f"&response-expires={LONG_AGO}"
        )
        if version_id:
            query += f"&versionId={escape(version_id)}"
        window = self._signer.window(expires)
        return self._signer.request(window, method, self._path(key), query, {})

    def _path(self, key: str) -> str:
        return self._base_path + quote(key, safe="/~")


def _one_line(value: str) -> str:
    """A header value as it is signed: without surrounding space, and with runs of spaces as one."""
    return " ".join(value.split())
