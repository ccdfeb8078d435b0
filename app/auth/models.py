from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant, NewUuid, Now, OfOrganisation, Words


class ApiKey(OfOrganisation, Base):
    """A bearer key; only the SHA-256 of the secret is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("role IN ('admin', 'planner', 'reader')", name="role"),)

    key_id: Mapped[NewUuid]
    name: Mapped[Words]
    role: Mapped[Words]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Now]
    revoked_at: Mapped[Instant | None]
