"""`/health`, `/ready`, `/metrics`."""

from fastapi import APIRouter, Request, Response

from backend.core.errors import NotFound
from backend.core.http.problem_schema import problems
from backend.core.http.route import Route
from backend.core.observability import metrics
from backend.core.services import CurrentServices, CurrentSettings
from backend.features.health.errors import NotReady
from backend.features.health.schemas import Health, Ready
from backend.kit.addresses import is_within
from backend.kit.vocabulary import CheckState

router = APIRouter(tags=["Operating"], route_class=Route)


@router.get("/health", summary="Check liveness")
async def get_health() -> Health:
    """Answers as long as the process runs; checks no dependencies."""
    return Health(status="ok")


@router.get("/ready", summary="Check readiness", responses=problems(NotReady))
async def get_readiness(services: CurrentServices) -> Ready:
    """Whether the database answers, its schema is recent enough, and the bucket is reachable.

    A load balancer should send requests only while this returns 200. The report is up to one
    second old.
    """
    report = await services.readiness.report()
    if missing := [name for name, state in report.items() if state is not CheckState.OK]:
        raise NotReady(missing)
    return Ready(status="ready", checks=report)


@router.get(
    "/metrics",
    summary="Get metrics",
    response_class=Response,
    responses=problems(NotFound)
    | {200: {"content": {"text/plain": {"example": "http_requests_in_flight 1.0\n"}}}},
)
async def get_metrics(request: Request, settings: CurrentSettings) -> Response:
    """All metrics in the Prometheus text format, served only to METRICS_NETWORKS."""
    if not is_within(request.client and request.client.host, settings.metrics_networks):
        raise NotFound
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")
