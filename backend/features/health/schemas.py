"""What probes are told."""

from typing import Literal

from pydantic import Field

from backend.core.http.schema import Schema
from backend.kit.vocabulary import CheckState


class Health(Schema):
    """The process is alive."""

    status: Literal["ok"] = Field(examples=["ok"])


class Ready(Schema):
    """The process is ready to serve requests."""

    status: Literal["ready"] = Field(examples=["ready"])
    checks: dict[str, CheckState] = Field(
        examples=[{"database": "ok", "migrations": "ok", "storage": "ok"}]
    )
