"""Logs: one JSON object per line on stdout, with the request's id and without secrets."""

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
import structlog
from rich.console import Console
from structlog.typing import EventDict, WrappedLogger

from backend.core.observability.tracebacks import Renderer
from backend.core.settings import Settings

SECRET_FIELD = re.compile(r"token|password|secret|authorization|cookie|api_key", re.IGNORECASE)
# The signature of a presigned URL, and share-link tokens in paths.
SIGNED_QUERY = re.compile(r"\?[^\s\"']*X-Amz-[^\s\"']*", re.IGNORECASE)
LINK_TOKEN = re.compile(r"(/s/|/public/links/)[A-Za-z0-9_-]{16,}")
REDACTED = "[redacted]"


request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being served; every line logged meanwhile has it."""


def add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the id of the request that the line belongs to."""
    if (current := request_id.get()) is not None:
        event["request_id"] = current
    return event


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Last line of defence: redact secret-sounding fields, presigned queries and link tokens."""
    for key, value in event.items():
        if _names_a_secret(key):
            event[key] = REDACTED
        elif isinstance(value, str) and ("?" in value or "/s/" in value or "/links/" in value):
            event[key] = clean(value)
    return event


def clean(text: str) -> str:
    """`text` without the signatures of URLs and without link tokens."""
    return LINK_TOKEN.sub(rf"\1{REDACTED}", SIGNED_QUERY.sub(f"?{REDACTED}", text))


@cache
def _names_a_secret(key: str) -> bool:
    return SECRET_FIELD.search(key) is not None


class RequestLog:
    """The line of each request, which makes up most of the log.

    Its fields are known and none can be a secret, so in JSON it bypasses the processors, which cost
    a tenth of a short request. Not with traces, which add fields of their own.
    """

    def __init__(self, settings: Settings) -> None:
        self._log = NamedLogger("backend.request")
        self._long_way = structlog.stdlib.get_logger("backend.request")
        traced = settings.otel_exporter_otlp_endpoint is not None
        self._is_short = settings.log_format == "json" and not traced
        self._is_silent = getattr(logging, settings.log_level.upper()) > logging.INFO

    def write(self, **fields: object) -> None:
        """Write the line."""
        if not self._is_short:
            self._long_way.info("request", **fields)
        elif not self._is_silent:
            line = {
                **fields,
                "event": "request",
                "request_id": request_id.get(),
                "level": "info",
                "timestamp": datetime.now(UTC),
                "logger": self._log.name,
            }
            self._log.msg(orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode())


class NamedLogger:
    """Writes lines to stdout; `name` is the module it logs for."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write one line."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = exception = msg


def add_logger_name(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the module that logs."""
    event["logger"] = logger.name
    return event


def configure_logs(settings: Settings) -> None:
    """Write our own events straight to stdout, and libraries' through the standard loggers.

    Both look the same. The direct way costs a third, which matters for one line per request.
    """
    level = getattr(logging, settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, add_logger_name, *_tail(settings)],
        logger_factory=NamedLogger,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_tail(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    chatty_ones = ["botocore", "urllib3", "asyncio", "pgqueuer", "uvicorn.access"]
    if settings.log_format == "console":
        chatty_ones.append("uvicorn.error")  # six lines on each start and stop
    for chatty in chatty_ones:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _tail(settings: Settings) -> list[Any]:
    """The processors that render: for machines by default, for people on a terminal."""
    if settings.log_format == "console":
        terminal = Console()  # respects NO_COLOR, FORCE_COLOR, and whether this is a terminal
        colours = terminal.color_system is not None and not terminal.no_color
        return [
            structlog.processors.ExceptionRenderer(Renderer(clean, colours=colours)),
            redact,
            structlog.dev.ConsoleRenderer(
                colors=colours, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(_json),
    ]


def _json(event: EventDict, **_options: Any) -> str:
    return orjson.dumps(event, default=repr).decode()
