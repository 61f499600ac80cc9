"""Checks what ministack 1.5.33 does not: the signatures of its root key (SigV4).

It takes a header with the right key id and any signature, a URL whose signature was cut off, and
any twelve digits for a key. The key id is in every presigned URL.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

ALGORITHM = "AWS4-HMAC-SHA256"
HEADER = re.compile(
    ALGORITHM + r" Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,"
    r"\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})"
)
QUERY = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature")
OLD = {"AWSAccessKeyId", "Signature"}
ROOT = re.compile(r"|test|\d{12}")
"""What ministack takes for a root key beside ours."""


def acceptable_query(query: bytes, key: str) -> bool:
    """Whether the query carries no credential, or a complete one; ministack checks these itself."""
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    names = [name for name, _ in given if name in QUERY]
    if OLD & {name for name, _ in given}:
        return False
    if not names:
        return True
    values = dict(given)
    if sorted(names) != sorted(QUERY) or values["X-Amz-Algorithm"] != ALGORITHM:
        return False
    who, _, scope = values["X-Amz-Credential"].partition("/")
    is_root = who == key or ROOT.fullmatch(who) is not None
    return bool(values["X-Amz-Signature"]) and (not is_root or _is_for_s3(who, scope, key))


def _is_for_s3(who: str, scope: str, key: str) -> bool:
    return who == key and scope.split("/")[2:3] == ["s3"]


def acceptable_header(
    method: str, path: bytes, query: bytes, headers: Mapping[str, str], body: bytes, secret: str
) -> bool:
    """Whether the `Authorization` header is what `secret` signs for this request."""
    found = HEADER.fullmatch(headers["authorization"])
    if found is None:
        return False
    _, day, region, service, signed, signature = found.groups()
    payload = headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
    lines = "".join(
        f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed.split(";")
    )
    canonical = (
        f"{method}\n{path.decode('latin-1')}\n{_sorted(query)}\n{lines}\n{signed}\n{payload}"
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{headers.get('x-amz-date', '')}\n{scope}\n{digest}"
    signing = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(signing, text.encode(), "sha256").hex(), signature)


def key_of(authorization: str) -> str:
    """The key id that the header names; empty if it names none."""
    found = HEADER.fullmatch(authorization)
    return found[1] if found else ""


def is_root(key: str) -> bool:
    """Whether ministack takes the key for root without looking at the signature."""
    return ROOT.fullmatch(key) is not None


def _sorted(query: bytes) -> str:
    pairs = [part.partition("=") for part in query.decode("latin-1").split("&") if part]
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))
