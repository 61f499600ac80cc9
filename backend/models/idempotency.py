"""First responses to requests that may be repeated."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt


class IdempotencyKey(Base):
    """A claimed key; `response` is null while the request runs, and encrypted for its secrets."""

    __tablename__ = "idempotency_keys"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    response: Mapped[bytes | None] = mapped_column(LargeBinary)
    lease_until: Mapped[datetime]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
