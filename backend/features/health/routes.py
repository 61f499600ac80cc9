"""`/health`, `/ready`, `/metrics`."""

from fastapi import APIRouter, Response

from backend.core import metrics
from backend.features.health.schemas import Health

router = APIRouter(tags=["Operating"])


@router.get("/health", summary="Is the process alive?")
async def health() -> Health:
    """Answers as long as the process runs; asks nothing of anybody."""
    return Health(status="ok")


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def prometheus_metrics() -> Response:
    """Every metric in the Prometheus text format."""
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")
