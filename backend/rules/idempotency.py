"""`Idempotency-Key`: repeating a request that creates something returns the first answer again.

    claim    a row in a transaction of its own; a second claim of a running key is refused
    run      the route, whose transaction is opened here instead of by its own dependency
    store    the answer, in that same transaction: either both are stored or neither

A crash between claim and commit leaves a claim without an answer, which expires with its lease;
nothing else has changed by then, so the request may run again. An answer may contain a secret that
is shown only once (an API key, a link's token), so it is encrypted with a key that only its caller
can derive. An answer with presigned URLs, which are long and expire, is not stored: only where to
find what was created, which is then presented anew.
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, NamedTuple

import orjson
from cryptography.fernet import Fernet
from fastapi import Header, Request, Response
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.core.database.engine import Autocommit
from backend.core.database.requests import RequestTransaction
from backend.core.database.rows import columns, first
from backend.core.errors import ApiError, Conflict, Unprocessable
from backend.core.http.route import Around, Handler
from backend.core.services import Services
from backend.kit.addresses import client_network
from backend.kit.tokens import token_hash
from backend.models import IdempotencyKey
from backend.rules.principal import Principal, authenticate

KEPT = timedelta(hours=24)
HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
REPLAYED_HEADERS = ("content-type", "location")

Present = Callable[[Request, str], Awaitable[Response]]
"""Responds with what stands at a `Location`, to the caller who created it."""


class IdempotencyKeyReused(Unprocessable):
    """This idempotency key was already used for a different request."""

    code = "idempotency_key_reused"


class IdempotencyKeyInUse(Conflict):
    """The first request with this idempotency key is still running."""

    code = "idempotency_key_in_use"


def idempotent(handler: Handler, present: Present | None = None) -> Handler:
    """Wrap the handler of a `POST` that creates something; without the header nothing changes.

    Other operations are repeatable anyway, or store nothing: keeping their answers has no use.

    Args:
        handler: what answers the first request.
        present: what answers its repetitions; without it, the first answer is stored.
    """

    async def once(request: Request) -> Response:
        key = request.headers.get(HEADER)
        if not key:
            return await handler(request)
        if len(key) > MAX_KEY_LENGTH:
            raise Unprocessable(
                f"The Idempotency-Key is longer than {MAX_KEY_LENGTH} characters.",
                code="invalid_request",
            )
        return await _once(handler, request, key, present)

    return once


KEY = Header(
    alias="Idempotency-Key",
    max_length=MAX_KEY_LENGTH,
    description="Any unique string: repeating the request with it returns the first answer.",
)
IdempotencyHeader = Annotated[str | None, KEY, Around(idempotent)]
"""Declares the header, and that the route honours it."""


def presenting(present: Present) -> Around:
    """`Annotated[str | None, KEY, presenting(...)]`: the same where answers have presigned URLs.

    Args:
        present: answers a repetition; the first answer has a `Location`.
    """
    return Around(partial(idempotent, present=present))


async def _once(handler: Handler, request: Request, key: str, present: Present | None) -> Response:
    services: Services = request.app.state.services
    principal, body = await _principal(request), await request.body()
    claim = _claim(services, principal, request, key, body)
    if (stored := await claim.take()) is not None:
        return await _replay(request, orjson.loads(stored), present)
    try:
        await _limit_stored(services, principal, request)
        async with RequestTransaction(services.database) as shared:
            request.scope["transaction"] = shared
            response = await handler(request)
            answer = claim.seal(_recorded(response, with_body=present is None))
            await shared.execute(
                update(IdempotencyKey)
                .where(IdempotencyKey.hash == claim.hash)
                .values(response=answer)
            )
    except Exception:
        # Nothing was changed, so there is no answer to repeat: free the key.
        await claim.drop()
        raise
    return response


async def _principal(request: Request) -> Principal | None:
    """The caller; None without a credential, for operations that need none."""
    try:
        return await authenticate(request)
    except ApiError:
        if "authorization" in request.headers:
            raise
        return None


async def _limit_stored(services: Services, principal: Principal | None, request: Request) -> None:
    """Count one more answer to store.

    Raises:
        TooManyRequests: IDEMPOTENCY_RATE is used up.
    """
    network = client_network(request.client.host if request.client else None)
    owner = str(principal.user_id) if principal else network
    await services.limiter.spend(1, services.settings.idempotency_rate, "stored answer", owner)


def _claim(
    services: Services, principal: Principal | None, request: Request, key: str, body: bytes
) -> "Claim":
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    fingerprint = hashlib.sha256(target + body).digest()
    secret = services.settings.secret_key.get_secret_value()
    named = f"idempotency\n{_namespace(principal, fingerprint)}\n{key}"
    return Claim(
        db=services.database.autocommit,
        seed=hmac.digest(secret.encode(), named.encode(), "sha256"),
        fingerprint=fingerprint,
        lease=timedelta(seconds=services.settings.request_timeout),
    )


def _namespace(principal: Principal | None, fingerprint: bytes) -> str:
    """Whose keys are told apart from everybody else's.

    A stored answer must not reach a credential of the same person with fewer rights. Callers
    without a credential are known by what they send: a stranger with the same key is someone else.
    """
    if principal is None:
        return f"anonymous {fingerprint.hex()}"
    scopes = sorted(principal.scopes)
    return " ".join([str(principal.user_id), principal.actor.kind, *scopes])


class _Claimed(NamedTuple):
    fingerprint: bytes
    response: bytes | None


class Claim:
    """One caller's hold on one key."""

    def __init__(
        self, *, db: Autocommit, seed: bytes, fingerprint: bytes, lease: timedelta
    ) -> None:
        self.hash = token_hash(seed.hex())
        self._db = db
        self._fernet = Fernet(base64.urlsafe_b64encode(seed))
        self._fingerprint = fingerprint
        self._lease = lease

    async def take(self) -> bytes | None:
        """Claim the key, or return the answer stored under it.

        Raises:
            IdempotencyKeyReused: it belongs to another request.
            IdempotencyKeyInUse: its request is still running.
        """
        now = datetime.now(UTC)
        row = insert(IdempotencyKey).values(
            hash=self.hash, fingerprint=self._fingerprint, lease_until=now + self._lease
        )
        over = (IdempotencyKey.created_at < now - KEPT) | (
            IdempotencyKey.response.is_(None)
            & (IdempotencyKey.lease_until < now)
            & (IdempotencyKey.fingerprint == self._fingerprint)
        )
        taken = row.on_conflict_do_update(
            index_elements=[IdempotencyKey.hash],
            set_={**_fresh(row.excluded), "created_at": now},
            where=over,
        ).returning(IdempotencyKey.hash)
        if (await self._db.execute(taken)).first():
            return None
        return await self._answer()

    async def _answer(self) -> bytes:
        query = select(*columns(_Claimed, IdempotencyKey)).where(IdempotencyKey.hash == self.hash)
        found = await first(self._db, _Claimed, query)
        if found is None:  # released in the meantime; the caller may retry immediately
            raise IdempotencyKeyInUse
        if not hmac.compare_digest(found.fingerprint, self._fingerprint):
            raise IdempotencyKeyReused
        if found.response is None:
            raise IdempotencyKeyInUse
        return self._fernet.decrypt(found.response)

    def seal(self, answer: bytes) -> bytes:
        """Encrypt an answer for storage."""
        return self._fernet.encrypt(answer)

    async def drop(self) -> None:
        """Release the key after a failed request."""
        await self._db.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.hash == self.hash, IdempotencyKey.response.is_(None)
            )
        )


def _fresh(excluded: Any) -> dict[str, Any]:
    return {
        "fingerprint": excluded.fingerprint,
        "lease_until": excluded.lease_until,
        "response": None,
    }


def _recorded(response: Response, *, with_body: bool) -> bytes:
    headers = {
        name: response.headers[name] for name in REPLAYED_HEADERS if name in response.headers
    }
    body = base64.b64encode(bytes(response.body) if with_body else b"").decode()
    return orjson.dumps({"status": response.status_code, "headers": headers, "body": body})


async def _replay(request: Request, answer: dict[str, Any], present: Present | None) -> Response:
    headers = {**answer["headers"], "Idempotency-Replayed": "true"}
    if present is None:
        return Response(base64.b64decode(answer["body"]), answer["status"], headers)
    response = await present(request, headers["location"])
    response.status_code = answer["status"]
    response.headers.update(headers)
    return response
