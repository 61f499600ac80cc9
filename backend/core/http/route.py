"""The route of every operation: `APIRouter(..., route_class=Route)`."""

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from backend.core.http.direct import DirectWay, is_declared_direct
from backend.core.http.direct_plan import read_plan

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Around:
    """Metadata of a parameter's `Annotated` type: the routes that declare it get the policy."""

    policy: Callable[[Handler], Handler]


class Route(APIRoute):
    """FastAPI's route, identified by its endpoint's name, and direct if the endpoint says so."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["generate_unique_id_function"] = _endpoint_name
        super().__init__(path, endpoint, **options)
        self._start = self.path.partition("{")[0]
        if is_declared_direct(endpoint):
            self.app = DirectWay(read_plan(self), self.app)

    @property
    def is_direct(self) -> bool:
        """Whether well-formed requests go the direct way."""
        return isinstance(self.app, DirectWay)

    def get_route_handler(self) -> Handler:
        """FastAPI's handler with the overrides of the app that serves, wrapped in policies."""
        build = super().get_route_handler
        handler = build()

        # The routers belong to no app, so FastAPI has no app to ask for overrides.
        async def overridable(request: Request) -> Response:
            if not request.app.dependency_overrides:
                return await handler(request)
            self.dependency_overrides_provider = request.app
            return await build()(request)

        wrapped: Handler = overridable
        for policy in _policies(self.endpoint):
            wrapped = policy(wrapped)
        return wrapped

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether `scope` is for this route: the first characters rule out most paths."""
        if not scope["path"].startswith(self._start):
            return Match.NONE, {}
        return super().matches(scope)


def _endpoint_name(route: APIRoute) -> str:
    return route.name


def _policies(endpoint: Callable[..., Any]) -> Iterator[Callable[[Handler], Handler]]:
    for hint in get_type_hints(endpoint, include_extras=True).values():
        for said in getattr(hint, "__metadata__", ()):
            if isinstance(said, Around):
                yield said.policy
