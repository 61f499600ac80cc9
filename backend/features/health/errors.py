"""What a probe is told when it should look elsewhere."""

from collections.abc import Collection

from backend.core.errors import DependencyUnavailable


class NotReady(DependencyUnavailable):
    """This process cannot serve now."""

    code = "not_ready"

    def __init__(self, missing: Collection[str] = ()) -> None:
        super().__init__(f"Not available: {', '.join(missing)}.")
        self.errors = [{"check": name} for name in missing]
