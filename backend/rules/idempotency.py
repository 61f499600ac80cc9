"""`Idempotency-Key`: repeating a request that creates something returns the first answer again.

    claim    a row in a transaction of its own; a second claim of a running key is refused
    run      the route, whose transaction is opened here instead of by its own dependency
    store    the answer, in that same transaction: either both are stored or neither

A crash between claim and commit leaves a claim without an answer, which expires with its lease;
nothing else has changed by then, so the request may run again. An answer may contain a secret that
is shown only once (an API key, a link's token), so it is encrypted with a key that only its caller
can derive.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
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
from backend.core.settings import Settings
from backend.kit.tokens import token_hash
from backend.models import IdempotencyKey
from backend.rules.principal import authenticate

KEPT = timedelta(hours=24)
HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
REPLAYED_HEADERS = ("content-type", "location")


class IdempotencyKeyReused(Unprocessable):
    """This idempotency key was already used for a different request."""

    code = "idempotency_key_reused"


class IdempotencyKeyInUse(Conflict):
    """The first request with this idempotency key is still running."""

    code = "idempotency_key_in_use"


def idempotent(handler: Handler) -> Handler:
    """Wrap the handler of a `POST` that creates something; without the header nothing changes.

    Other operations are repeatable anyway, or store nothing: keeping their answers has no use.
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
        return await _once(handler, request, key)

    return once


IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=MAX_KEY_LENGTH,
        description="Any unique string: repeating the request with it returns the first answer.",
    ),
    Around(idempotent),
]
"""Declares the header, and that the route honours it."""


async def _once(handler: Handler, request: Request, key: str) -> Response:
    services: Services = request.app.state.services
    claim = await _claim_of(request, services.database.autocommit, services.settings, key)
    if (stored := await claim.take()) is not None:
        return _replay(stored)
    try:
        async with RequestTransaction(services.database) as shared:
            request.scope["transaction"] = shared
            response = await handler(request)
            answer = claim.seal(_recorded(response))
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


async def _claim_of(request: Request, db: Autocommit, settings: Settings, key: str) -> "Claim":
    """This caller's claim for this request; callers without a credential share theirs.

    A stored answer must not reach a credential of the same person with fewer rights.
    """
    try:
        caller = await authenticate(request)
        who = " ".join([str(caller.user_id), caller.actor.kind, *sorted(caller.scopes)])
    except ApiError:
        if "authorization" in request.headers:
            raise
        who = "anonymous"
    secret = settings.secret_key.get_secret_value()
    seed = hmac.digest(secret.encode(), f"idempotency\n{who}\n{key}".encode(), "sha256")
    body = await request.body()
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return Claim(
        db=db,
        seed=seed,
        fingerprint=hashlib.sha256(target + body).digest(),
        lease=timedelta(seconds=settings.request_timeout),
    )


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


def _recorded(response: Response) -> bytes:
    headers = {
        name: response.headers[name] for name in REPLAYED_HEADERS if name in response.headers
    }
    body = base64.b64encode(bytes(response.body)).decode()
    return orjson.dumps({"status": response.status_code, "headers": headers, "body": body})


def _replay(stored: bytes) -> Response:
    answer = orjson.loads(stored)
    return Response(
        base64.b64decode(answer["body"]),
        status_code=answer["status"],
        headers={**answer["headers"], "Idempotency-Replayed": "true"},
    )
