"""What a probe is told when this process should get no requests."""

from collections.abc import Collection

from backend.core.errors import DependencyUnavailable


class NotReady(DependencyUnavailable):
    """This process is not ready to serve requests."""

    code = "not_ready"

    def __init__(self, missing: Collection[str] = ()) -> None:
        super().__init__(f"Not available: {', '.join(missing)}.")
        self.errors = [{"check": name} for name in missing]
