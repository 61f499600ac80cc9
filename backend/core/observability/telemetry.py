"""OpenTelemetry, only where it is configured.

SDK, exporters and instrumentation cost half a second of start-up, so none is imported unless
OTEL_EXPORTER_OTLP_ENDPOINT is set: `tracing` is loaded by name, from here alone. It knows nothing
of this module.
"""

from importlib import import_module
from typing import Protocol

from fastapi import FastAPI

from backend.core.settings import Settings


class Telemetry(Protocol):
    """What a process tells a collector."""

    def watch(self, app: FastAPI) -> None:
        """Trace the requests that `app` serves; to be called before it serves the first."""

    def close(self) -> None:
        """Send what has not been sent yet."""


class Silence:
    """Telemetry of a process without a collector: none."""

    def watch(self, app: FastAPI) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def start_telemetry(settings: Settings, service: str) -> Telemetry:
    """Begin to tell the collector at OTEL_EXPORTER_OTLP_ENDPOINT, if there is one.

    Call it before the first connection is opened.

    Args:
        settings: of this process.
        service: the name the process goes by: `we-upload-api`, `we-upload-worker`.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return Silence()
    tracing = import_module("backend.core.observability.tracing")
    telemetry: Telemetry = tracing.Tracing(endpoint, service, settings.otel_traces_sampler_arg)
    return telemetry
