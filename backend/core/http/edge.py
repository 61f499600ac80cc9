"""The edge of the API, as one ASGI middleware: what holds for every request.

One wrapper instead of six: each layer of middleware costs every request an extra call. It assigns
a request id, bounds body size and time, adds security headers, logs one line, counts one request,
and turns uncaught exceptions into a problem document.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.errors import (
    ApiError,
    BadRequest,
    BodyTooLarge,
    DependencyUnavailable,
    RequestTimeout,
)
from backend.core.http.problems import problem
from backend.core.observability import metrics
from backend.core.observability.logs import RequestLog, request_id
from backend.core.settings import Settings
from backend.kit.ids import uuid7

log = structlog.stdlib.get_logger("backend.request")

REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
RawHeaders = list[tuple[bytes, bytes]]
QUIET_ROUTES = {"/health", "/ready", "/metrics"}
BULK_BODY = 1024**2
"""Bytes: the most a route may allow (`max_body_size`), for bodies that list thousands of parts."""
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
}
HSTS = "max-age=63072000; includeSubDomains"


class InternalError(ApiError):
    """Something went wrong on our side; it has been logged."""


@dataclass(slots=True)
class Exchange:
    """One request and its progress."""

    request_id: str
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    received: int = 0
    body_complete: bool = False


class EdgeMiddleware:
    """Wraps the application; see the module's docstring."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._requests = RequestLog(settings)
        self._timeout = settings.request_timeout
        self._max_body = settings.max_body_bytes
        headers = dict(SECURITY_HEADERS)
        if settings.public_url.startswith("https://"):
            headers["Strict-Transport-Security"] = HSTS
        self._headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        exchange = Exchange(_request_id(headers), body_complete=not _has_body(headers))
        scope["request_id"] = exchange.request_id
        request_id.set(exchange.request_id)  # each request runs in a task of its own
        metrics.http_in_flight.inc()
        try:
            await self._serve(exchange, scope, receive, send)
        finally:
            metrics.http_in_flight.dec()
            _report(exchange, scope, self._requests)

    async def _serve(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = self._with_ours(message["headers"], exchange)
            await send(message)

        async def guarded_receive() -> Message:
            message = await receive()
            exchange.received += len(message.get("body", b""))
            exchange.body_complete |= not message.get("more_body", False)
            if exchange.received > (limit := self._body_limit(scope)):
                raise BodyTooLarge(f"The body of this request may have at most {limit} bytes.")
            return message

        try:
            _refuse_announced(scope)
            async with asyncio.timeout(self._timeout):
                await self.app(scope, guarded_receive, guarded_send)
        except Exception as error:  # noqa: BLE001 - the outermost edge: every other error ends here
            await self._answer_error(exchange, error, scope, receive, guarded_send)

    def _body_limit(self, scope: Scope) -> int:
        """The most bytes the route reads: a large invalid body takes time to refuse."""
        return getattr(scope.get("route"), "max_body_size", None) or self._max_body

    async def _answer_error(
        self, exchange: Exchange, error: Exception, scope: Scope, receive: Receive, send: Send
    ) -> None:
        answer = _as_api_error(error, exchange)
        if answer.status == InternalError.status:
            log.error("unhandled error", exc_info=error)
        if exchange.status:
            raise error  # the response has begun: only closing the connection tells the client
        await problem(exchange.request_id, answer)(scope, receive, send)

    def _with_ours(self, headers: RawHeaders, exchange: Exchange) -> RawHeaders:
        """The route's headers, and ours where the route has not set them."""
        given = {name for name, _ in headers}
        ours = (header for header in self._headers if header[0] not in given)
        return [*headers, (b"x-request-id", exchange.request_id.encode()), *ours]


def _as_api_error(error: Exception, exchange: Exchange) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ClientDisconnect):
        return BadRequest("The connection closed before the request was complete.")
    if isinstance(error, TimeoutError):
        if exchange.body_complete:
            return DependencyUnavailable("The request took too long: try again shortly.")
        return RequestTimeout()
    return InternalError()


def _refuse_announced(scope: Scope) -> None:
    """Refuse a body that no route accepts before it is sent."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BULK_BODY:
        raise BodyTooLarge


def _has_body(headers: dict[bytes, bytes]) -> bool:
    """Whether a body follows the headers (RFC 9112, 6)."""
    return b"content-length" in headers or b"transfer-encoding" in headers


def _request_id(headers: dict[bytes, bytes]) -> str:
    """The caller's `X-Request-ID` if it is harmless, otherwise a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else uuid7().hex


def _report(exchange: Exchange, scope: Scope, requests: RequestLog) -> None:
    """One log line and one count, by the route's template: ids would create too many labels."""
    route = getattr(scope.get("route"), "path", "unmatched")
    method, seconds = scope["method"], time.perf_counter() - exchange.started
    count, duration = metrics.of_request(method, route, exchange.status)
    count.inc()
    duration.observe(seconds)
    if route in QUIET_ROUTES and exchange.status < 400:  # noqa: PLR2004 - probes that succeed
        return
    principal = scope.get("principal")
    requests.write(
        method=method,
        route=route,
        status=exchange.status,
        duration_ms=round(seconds * 1000, 2),
        user_id=principal.user_id if principal else None,
    )
