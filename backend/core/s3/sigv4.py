"""AWS Signature Version 4 for requests that clients will send to S3.

Signing is arithmetic: no network, no lock, no thread. What stays the same for a whole second (the
date, the credential scope, the signing key) is cached, as is the form of each set of headers; the
rest is a few strings, one SHA-256 and one HMAC. The URLs are the same as botocore's, byte for byte.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
"""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from backend.core.errors import DependencyUnavailable
from backend.core.s3.credentials import Credentials, CredentialsSource

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_LIFETIME = timedelta(days=7)
"""The longest lifetime of a presigned request, set by the signature version."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SignedRequest(NamedTuple):
    """A request that anyone may send until `expires_at`, with exactly these headers."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class Moment(NamedTuple):
    """What all signatures of one second and one set of credentials have in common."""

    second: int
    credentials: Credentials
    timestamp: str
    scope: str
    key: bytes
    query: str  # ends with the name of the last parameter, X-Amz-Expires
    token_query: str


class Window(NamedTuple):
    """How long, from now, a request is valid, and the query parameters that say so."""

    moment: Moment
    expires_at: datetime
    query: str


class _HeaderSet(NamedTuple):
    """Header names as they are signed: the query parameter and the end of the canonical request.

    `ending` is a `%` format for the values of the headers in canonical order.
    """

    query: str
    ending: str


class Signer:
    """Signs requests to one origin, such as `https://bucket.s3.eu-central-1.amazonaws.com`.

    `clock` returns Unix time in seconds.
    """

    def __init__(
        self,
        origin: str,
        credentials: CredentialsSource,
        *,
        region: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._origin = origin
        self._host = _host_header(origin)
        self._credentials = credentials
        self._region = region
        self._clock = clock
        self._latest: Moment | None = None
        self._header_sets: dict[tuple[str, ...], _HeaderSet] = {}

    def window(self, expires: timedelta) -> Window:
        """From now for as long as requested, but no longer than the session credentials last.

        Raises:
            ValueError: it is shorter than a second or longer than 7 days.
            DependencyUnavailable: the session credentials have expired.
        """
        if not timedelta(seconds=1) <= expires <= MAX_LIFETIME:
            raise ValueError(f"A presigned request lives from 1 second to 7 days, not {expires}.")
        moment = self._moment()
        left = min(expires.total_seconds(), moment.credentials.expires_at - moment.second)
        if left < 1:
            raise DependencyUnavailable("The storage credentials are being renewed.")
        seconds = int(left)
        expires_at = datetime.fromtimestamp(moment.second + seconds, UTC)
        return Window(moment, expires_at, f"{moment.query}{seconds}")

    def request(
        self, window: Window, method: str, path: str, query: str, headers: dict[str, str]
    ) -> SignedRequest:
        """Sign one request whose path and query are already escaped.

        Query and headers must be in canonical order without duplicates, and the query must sort
        after `X-Amz-...`: the canonical query is then the one followed by the other. In the URL
        their order is reversed, as in botocore.
        """
        moment = window.moment
        names = self._header_set(tuple(headers))
        own_query = f"{query}&" if query else ""
        canonical = (
            f"{method}\n{path}\n"
            f"{window.query}{moment.token_query}{names.query}{own_query and '&'}{query}\n"
            f"{names.ending % tuple(headers.values())}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{moment.timestamp}\n{moment.scope}\n{digest}"
        signature = hmac.digest(moment.key, to_sign.encode(), "sha256").hex()
        url = (
            f"{self._origin}{path}?{own_query}{window.query}{names.query}{moment.token_query}"
            f"&X-Amz-Signature={signature}"
        )
        return SignedRequest(method, url, headers, window.expires_at)

    def form_fields(self, window: Window, conditions: list[object]) -> dict[str, str]:
        """The fields of a signed POST policy, which allows exactly these conditions."""
        moment = window.moment
        fields = {
            "x-amz-algorithm": ALGORITHM,
            "x-amz-credential": f"{moment.credentials.access_key}/{moment.scope}",
            "x-amz-date": moment.timestamp,
        }
        if moment.credentials.token:
            fields["x-amz-security-token"] = moment.credentials.token
        policy = {
            "expiration": f"{window.expires_at:%Y-%m-%dT%H:%M:%SZ}",
            "conditions": [*conditions, *({name: value} for name, value in fields.items())],
        }
        encoded = base64.b64encode(json.dumps(policy).encode())
        fields["policy"] = encoded.decode()
        fields["x-amz-signature"] = hmac.digest(moment.key, encoded, "sha256").hex()
        return fields

    def _moment(self) -> Moment:
        second = int(self._clock())
        credentials = self._credentials()
        latest = self._latest
        if latest is None or latest.second != second or latest.credentials is not credentials:
            self._latest = latest = _moment(second, credentials, self._region)
        return latest

    def _header_set(self, names: tuple[str, ...]) -> _HeaderSet:
        known = self._header_sets.get(names)
        if known is None:
            self._header_sets[names] = known = _header_set(names, self._host)
        return known


def escape(text: str) -> str:
    """Percent-encode a query value as signature version 4 requires (RFC 3986 unreserved)."""
    return quote(text, safe="-_.~")


def _moment(second: int, credentials: Credentials, region: str) -> Moment:
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
    date = timestamp[:8]
    scope = f"{date}/{region}/s3/aws4_request"
    key = f"AWS4{credentials.secret_key}".encode()
    for name in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, name.encode(), "sha256")
    query = (
        f"X-Amz-Algorithm={ALGORITHM}"
        f"&X-Amz-Credential={escape(f'{credentials.access_key}/{scope}')}"
        f"&X-Amz-Date={timestamp}&X-Amz-Expires="
    )
    token = credentials.token
    token_query = f"&X-Amz-Security-Token={escape(token)}" if token else ""
    return Moment(second, credentials, timestamp, scope, key, query, token_query)


def _header_set(names: tuple[str, ...], host: str) -> _HeaderSet:
    values = {name.lower(): "%s" for name in names} | {"host": host.replace("%", "%%")}
    lines = "".join(f"{name}:{values[name]}\n" for name in sorted(values))
    return _HeaderSet(
        query=f"&X-Amz-SignedHeaders={'%3B'.join(sorted(values))}",
        ending=f"{lines}\n{';'.join(sorted(values))}\nUNSIGNED-PAYLOAD",
    )


def _host_header(origin: str) -> str:
    """The Host header that an HTTP client sends: in lower case, without a default port."""
    url = urlsplit(origin)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else f"{url.hostname}"
    return host if url.port in {None, _DEFAULT_PORTS.get(url.scheme)} else f"{host}:{url.port}"
