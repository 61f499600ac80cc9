"""What probes are told."""

from typing import Literal

from backend.core.schema import Schema


class Health(Schema):
    """The process is alive."""

    status: Literal["ok"]
