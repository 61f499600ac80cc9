"""OpenTelemetry, only where it is configured.

SDK, exporters and instrumentation cost half a second of start-up, so none is imported unless
OTEL_EXPORTER_OTLP_ENDPOINT is set: `tracing` is loaded by name, from here alone.
"""

from importlib import import_module

from fastapi import FastAPI

from backend.core.settings import Settings


class Telemetry:
    """What a process tells a collector. This one has none, and tells nothing."""

    def watch(self, app: FastAPI) -> None:
        """Trace the requests that `app` serves; to be called before it serves the first."""

    def close(self) -> None:
        """Send what has not been sent yet."""


def start_telemetry(settings: Settings, service: str) -> Telemetry:
    """Begin to tell the collector at OTEL_EXPORTER_OTLP_ENDPOINT, if there is one.

    Call it before the first connection is opened.

    Args:
        settings: of this process.
        service: the name the process goes by: `we-upload-api`, `we-upload-worker`.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return Telemetry()
    telemetry: Telemetry = import_module("backend.core.observability.tracing").start(
        settings, service
    )
    return telemetry
