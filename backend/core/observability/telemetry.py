"""OpenTelemetry, only if it is configured.

The SDK, exporters and instrumentation cost half a second at start-up, so they are imported only if
OTEL_EXPORTER_OTLP_ENDPOINT is set: `tracing` is loaded by name, only from here, and does not import
this module.
"""

from importlib import import_module
from typing import Protocol

from fastapi import FastAPI

from backend.core.settings import Settings


class Telemetry(Protocol):
    """What a process sends to a collector."""

    def watch(self, app: FastAPI) -> None:
        """Trace the requests that `app` serves; call it before the first request."""

    def close(self) -> None:
        """Send what has not been sent yet."""


class Silence:
    """No telemetry, for a process without a collector."""

    def watch(self, app: FastAPI) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def start_telemetry(settings: Settings, service: str) -> Telemetry:
    """Start sending to the collector at OTEL_EXPORTER_OTLP_ENDPOINT, if there is one.

    Call it before the first connection is opened.

    Args:
        settings: the settings of this process.
        service: the name of the process: `we-upload-api` or `we-upload-worker`.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return Silence()
    tracing = import_module("backend.core.observability.tracing")
    telemetry: Telemetry = tracing.Tracing(endpoint, service, settings.otel_traces_sampler_arg)
    return telemetry
