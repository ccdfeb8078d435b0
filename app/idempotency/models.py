from typing import Any

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Now, OfOrganisation, Words


class IdempotencyKey(OfOrganisation, Base):
    """The answer given to a request that carried this key, and what that request was."""

    __tablename__ = "idempotency_keys"

    key: Mapped[Words] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Now]
