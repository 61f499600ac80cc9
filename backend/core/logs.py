"""Logs: one JSON object a line on stdout, with the request's id and never a secret."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from backend.core.settings import Settings

SECRET_FIELD = re.compile(r"token|password|secret|authorization|cookie|api_key", re.IGNORECASE)
# What signs a presigned URL, and share-link tokens in paths.
SIGNED_QUERY = re.compile(r"\?[^\s\"']*X-Amz-[^\s\"']*", re.IGNORECASE)
LINK_TOKEN = re.compile(r"(/s/|/public/links/)[A-Za-z0-9_-]{16,}")
REDACTED = "[redacted]"


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Last line of defence: no field named like a secret, no presigned query, no link token."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    if SECRET_FIELD.search(key):
        return REDACTED
    if isinstance(value, str):
        return LINK_TOKEN.sub(rf"\1{REDACTED}", SIGNED_QUERY.sub(f"?{REDACTED}", value))
    return value


def configure_logs(settings: Settings) -> None:
    """Send structlog and the standard library's loggers through one pipeline."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_tail(settings))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for chatty in ("botocore", "urllib3", "asyncio", "pgqueuer", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _tail(settings: Settings) -> list[Any]:
    """The processors that render: for machines by default, for eyes on a terminal."""
    if settings.log_format == "console":
        return [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            structlog.dev.ConsoleRenderer(),
        ]
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(),
    ]
